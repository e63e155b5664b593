//! Bundles from YAML, read as the host reads.
#![allow(dead_code, reason = "every test binary uses a part")]

use plimsoll_core::bundle::{Bundle as Built, Options};
use plimsoll_core::read::{self, Limits};
use plimsoll_kube::{Bundle, Container, Environment, Object, Value, Workload};

/// Reads files and lets a test look at their bundle.
pub fn with_files(files: &[(&str, &str)], test: impl FnOnce(&Bundle<'_>)) {
    with_options(files, &Options::default(), test);
}

/// The same with what the operator says.
pub fn with_options(files: &[(&str, &str)], options: &Options, test: impl FnOnce(&Bundle<'_>)) {
    let manifests = files
        .iter()
        .map(|(path, text)| {
            let manifest = read::manifest(path, text.as_bytes(), &Limits::default());
            assert!(manifest.failures.is_empty(), "{path}: {:?}", manifest.failures);
            manifest
        })
        .collect();
    let built = Built::build(manifests, options).expect("it fits");
    let tree = built.tree();
    test(&Bundle::new(&tree));
}

/// The same for one file.
pub fn with(text: &str, test: impl FnOnce(&Bundle<'_>)) {
    with_files(&[("app.yaml", text)], test);
}

/// The object of this name.
pub fn object<'t>(bundle: &Bundle<'t>, name: &str) -> Object<'t> {
    bundle
        .objects()
        .find(|object| object.name() == name)
        .unwrap_or_else(|| panic!("no object {name}"))
}

/// The first workload of the object of this name.
pub fn workload<'t>(bundle: &Bundle<'t>, name: &str) -> Workload<'t> {
    *bundle
        .workloads()
        .iter()
        .find(|workload| workload.name() == name)
        .unwrap_or_else(|| panic!("no workload {name}"))
}

/// The first container of a workload.
pub fn first<'t>(workload: Workload<'t>) -> Container<'t> {
    *workload.containers().first().expect("it has a container")
}

/// The value of a variable, `?` where it is unknown, `-` where it is absent.
pub fn value(environment: &Environment<'_>, name: &str) -> String {
    match environment.get(name) {
        Value::Known(variable) => match &variable.value {
            Value::Known(value) => value.to_string(),
            _ => "?".to_owned(),
        },
        Value::Unknown => "?".to_owned(),
        Value::Absent => "-".to_owned(),
    }
}
