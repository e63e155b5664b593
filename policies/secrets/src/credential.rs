//! A name and a value together: is it a literal credential, or a stand-in for one?

use crate::name::{self, Class, Promise};
use crate::value::{self, Value};
use crate::{connection, entropy};

/// A credential under a name that promises one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Named {
    /// What kind.
    pub class: Class,
    /// Whether only the look of the value says so.
    pub guessed: bool,
    /// Whether it only stands in for one that comes later.
    pub placeholder: bool,
}

/// Where name and value stand: names mean less in some places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Setting {
    /// A variable or a key of a ConfigMap.
    Variable,
    /// A key in a file, or a flag: `secret: web-tls` often names a Secret there.
    Key,
}

/// What a name and a value make.
#[must_use]
pub fn judge(name: &str, text: &str, setting: Setting) -> Option<Named> {
    if !name::may_promise(name) {
        return None;
    }
    let (class, guessed) = match name::judge(name) {
        // Its value decides, and others look for such values.
        Promise::Strong(Class::Connection | Class::Webhook) | Promise::None => return None,
        Promise::Strong(class) => (class, false),
        Promise::Ambiguous if setting == Setting::Key => return None,
        Promise::Ambiguous => (Class::Credential, true),
    };
    let placeholder = match value::judge(text) {
        Value::Literal => false,
        Value::Placeholder => true,
        _ => return None,
    };
    // One finding for each value: its address says more.
    let in_address = || {
        connection::may_hold(text)
            && connection::find(text)
                .iter()
                .any(|one| !one.user_only && !one.placeholder)
    };
    let reported = (!guessed || entropy::looks_random(text))
        && !value::is_resource_name(name, text)
        && !value::repeats_name(name, text)
        && !is_harmless_here(name, class, text, setting)
        && !in_address();
    reported.then_some(Named {
        class,
        guessed,
        placeholder,
    })
}

fn is_harmless_here(name: &str, class: Class, text: &str, setting: Setting) -> bool {
    // `kubeconfig: admin` names one; the real ones have structure.
    if class == Class::Credential && !text.contains([':', '{', '=']) && !entropy::looks_random(text) && is_content(name)
    {
        return true;
    }
    setting == Setting::Key
        && (class == Class::Salt
            || value::is_relative_path(text)
            || matches!(class, Class::Secret | Class::Credential) && is_resource(text))
}

/// Whether a name promises a whole file.
fn is_content(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["kubeconfig", "htpasswd", "dockerconfigjson", "pgpassfile"]
        .iter()
        .any(|word| name.ends_with(word))
}

/// Whether a text may be the name of a Kubernetes object: `web-tls`.
fn is_resource(text: &str) -> bool {
    text.contains('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'/'))
        && !entropy::looks_random(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_value_decide() {
        let of = |name, text| judge(name, text, Setting::Variable).map(|named| (named.guessed, named.placeholder));
        assert_eq!(of("DB_PASSWORD", "Fak3"), Some((false, false)));
        assert_eq!(of("DB_PASSWORD", "changeme"), Some((false, true)));
        assert_eq!(of("LICENSE_KEY", "q7Vx2LmZp0RtYw8Kn4Jd"), Some((true, false)));
        assert_eq!(of("LICENSE_KEY", "community"), None);
        assert_eq!(of("DB_PASSWORD", "$(X)"), None);
        assert_eq!(of("DB_PASSWORD", "postgres://u:Fak3@h/d"), None);
        assert_eq!(of("KUBECONFIG", "admin"), None);
        assert_eq!(of("PORT", "Fak3"), None);
    }

    #[test]
    fn keys_of_files_may_name_secrets() {
        let of = |name, text| judge(name, text, Setting::Key).is_some();
        assert!(of("password", "fake-pw") && of("clientSecret", "fak3") && of("token", "fake-token-1"));
        assert!(!of("secret", "web-tls") && !of("credentials", "shop-creds") && !of("privateKey", "tls/private-part"));
        assert!(!of("key", "q7Vx2LmZp0RtYw8Kn4Jd"));
    }
}
