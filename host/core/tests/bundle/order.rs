//! The order of files and documents does not change what is seen.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::{bundle, deployment, service};

/// For each object, by file and identity, the objects it sees.
fn seen(files: &[(String, String)]) -> BTreeMap<String, BTreeSet<String>> {
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let bundle = bundle(&files);
    let tree = bundle.tree();
    let names: Vec<(u32, String)> = (0..tree.objects())
        .map(|index| {
            let object = tree.object(index).unwrap();
            let name = format!(
                "{}/{} {} {} {:x}",
                tree.text(tree.scope(object.scope).unwrap().path),
                tree.text(object.kind),
                tree.text(object.name),
                crate::namespace(&bundle, index),
                object.flags.0,
            );
            (object.scope, name)
        })
        .collect();
    names
        .iter()
        .map(|(scope, name)| {
            let seen = names
                .iter()
                .filter(|(other, _)| tree.sees(*scope, *other))
                .map(|(_, name)| name.clone());
            (name.clone(), seen.collect())
        })
        .collect()
}

fn kustomization(resources: &[&str], namespace: &str) -> String {
    format!("resources: [{}]\nnamespace: {namespace}\n", resources.join(", "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_does_not_matter(
        picks in prop::collection::vec((0..5_usize, 0..4_usize, any::<bool>()), 1..14),
        closed in any::<bool>(),
        order in any::<u64>(),
    ) {
        let directories = ["", "a", "a/dev", "a/prod", "b"];
        let names = ["web", "api", "db", "web"];
        let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for &(directory, name, is_service) in &picks {
            let text = if is_service { service(names[name]) } else { deployment(names[name]) };
            let slash = if directory == 0 { "" } else { "/" };
            files.entry(format!("{}{slash}f{name}.yaml", directories[directory])).or_default().push(text);
        }
        if closed {
            for side in ["dev", "prod"] {
                files.insert(format!("a/{side}/kustomization.yaml"), vec![kustomization(&["../f0.yaml", "../f1.yaml", "f0.yaml"], side)]);
            }
        }
        let join = |files: &BTreeMap<String, Vec<String>>| -> Vec<(String, String)> {
            files.iter().map(|(path, texts)| (path.clone(), texts.join("---\n"))).collect()
        };
        let before = seen(&join(&files));
        for texts in files.values_mut() {
            texts.reverse();
        }
        let mut shuffled = join(&files);
        // A linear congruence as shuffle: any order will do.
        let mut state = order | 1;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        prop_assert_eq!(before, seen(&shuffled));
    }
}
