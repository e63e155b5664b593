//! Did you mean …?

/// A name that may have been meant, and whether that is sure: nothing but its case differs, or it is a rename that is
/// known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Suggestion<'a> {
    pub name: &'a str,
    pub sure: bool,
}

/// What a field was called elsewhere or before, what it is called, and whether that is all there is to it; only where that
/// is a field.
const RENAMED: [(&str, &str, bool); 12] = [
    ("image", "imageName", true),
    ("serviceName", "service", false),
    ("servicePort", "port", false),
    ("initDB", "initdb", false),
    ("environment", "env", false),
    ("envVars", "env", false),
    ("environmentVariables", "env", false),
    ("volumeMount", "volumeMounts", false),
    ("containerPorts", "ports", false),
    ("cmd", "command", false),
    ("label", "labels", false),
    ("secretRef", "secretKeyRef", false),
];

/// The most likely of these names.
pub(crate) fn suggest<'a>(wrong: &str, names: impl Iterator<Item = &'a str> + Clone) -> Option<Suggestion<'a>> {
    // What is this long is no typing error.
    if wrong.len() > 64 {
        return None;
    }
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let wanted = plain(wrong);
    if let Some(name) = names.clone().find(|name| name.eq_ignore_ascii_case(wrong)) {
        return Some(Suggestion { name, sure: true });
    }
    if let Some(name) = names.clone().find(|name| plain(name) == wanted) {
        return Some(Suggestion { name, sure: false });
    }
    let renamed = RENAMED.iter().filter(|(before, ..)| *before == wrong);
    for (_, now, sure) in renamed {
        if let Some(name) = names.clone().find(|name| name == now) {
            return Some(Suggestion { name, sure: *sure });
        }
    }
    let distance = |name: &str| strsim::damerau_levenshtein(&wanted, &plain(name));
    let nearest = names
        .map(|name| (distance(name), name))
        .min_by_key(|(distance, _)| *distance);
    // A letter wrong in every three at most.
    let (distance, name) = nearest?;
    (distance <= (wanted.len().max(3) / 3).min(4)).then_some(Suggestion { name, sure: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(wrong: &str, names: &'a [&'a str]) -> Option<(&'a str, bool)> {
        suggest(wrong, names.iter().copied()).map(|found| (found.name, found.sure))
    }

    #[test]
    fn near_names_are_suggested() {
        let names = ["containerPort", "hostIP", "hostPort", "name", "protocol"];
        assert_eq!(of("containerport", &names), Some(("containerPort", true)));
        assert_eq!(of("container-port", &names), Some(("containerPort", false)));
        assert_eq!(of("naem", &names), Some(("name", false)));
        assert_eq!(of("protcol", &names), Some(("protocol", false)));
        assert_eq!(of("names", &names), Some(("name", false)));
        assert_eq!(of("targetPorts", &names), None);
        assert_eq!(of("x", &names), None);
        assert_eq!(of("image", &["imageName", "instances"]), Some(("imageName", true)));
        assert_eq!(of(&"name".repeat(100), &names), None);
    }
}
