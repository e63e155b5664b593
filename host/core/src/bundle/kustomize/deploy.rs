//! Argo CD Applications and Flux Kustomizations that point at a directory of the input: each makes it a root.

use super::model::{self, Kustomization, Labels, To, Transform};
use crate::bundle::peek::Peek;
use crate::bundle::scopes;
use crate::read::{Manifest, Namespace};

/// What the objects of a manifest deploy from paths, each as a kustomization of that path. Whether the path is in the
/// input is for the caller to see.
pub(super) fn read(manifest: &Manifest, index: usize) -> Vec<Kustomization> {
    let mut all = Vec::new();
    for object in &manifest.objects {
        let kind = (object.group.as_str(), object.kind.as_str());
        if !matches!(
            kind,
            ("argoproj.io", "Application") | ("kustomize.toolkit.fluxcd.io", "Kustomization")
        ) {
            continue;
        }
        let Some(spec) = Peek::new(&manifest.part, object.root).get("spec") else {
            continue;
        };
        match kind {
            ("argoproj.io", _) => {
                let namespace = spec.at(&["destination", "namespace"]).and_then(model::namespace);
                let sources = spec.get("sources").into_iter().flat_map(Peek::items);
                for source in spec.get("source").into_iter().chain(sources) {
                    let path = source.get("path").and_then(Peek::text);
                    all.extend(path.and_then(|path| root(index, path, argo(source, namespace.clone()))));
                }
            }
            _ => {
                let path = spec.get("path").and_then(Peek::text);
                all.extend(path.and_then(|path| root(index, path, flux(spec))));
            }
        }
    }
    all
}

fn root(manifest: usize, path: &str, transform: Transform) -> Option<Kustomization> {
    let path = scopes::join("", path.trim_start_matches('/'))?;
    Some(Kustomization {
        manifest,
        deploys: true,
        resources: vec![path],
        transform,
        ..Kustomization::default()
    })
}

fn argo(source: Peek<'_>, namespace: Option<Namespace>) -> Transform {
    let Some(kustomize) = source.get("kustomize") else {
        return Transform {
            namespace,
            only_unset: true,
            ..Transform::default()
        };
    };
    let set = kustomize.get("namespace").and_then(model::namespace);
    let mut transform = Transform {
        only_unset: set.is_none(),
        namespace: set.or(namespace),
        patches: model::patches(kustomize),
        ..Transform::default()
    };
    for image in kustomize.texts_of("images") {
        let name = image.split(['=', '@']).next().unwrap_or(image);
        let tag = name.rfind(':').filter(|&colon| !name[colon..].contains('/'));
        transform.images.push(name[..tag.unwrap_or(name.len())].to_owned());
    }
    transform
        .labels
        .extend(pairs(kustomize.get("commonLabels"), To::Selectors));
    transform
}

fn flux(spec: Peek<'_>) -> Transform {
    let mut transform = Transform {
        namespace: spec.get("targetNamespace").and_then(model::namespace),
        patches: model::patches(spec),
        ..Transform::default()
    };
    for item in spec.get("images").into_iter().flat_map(Peek::items) {
        transform
            .images
            .extend(item.get("name").and_then(Peek::text).map(str::to_owned));
    }
    let common = |key: &str| spec.at(&["commonMetadata", key]);
    transform.labels.extend(pairs(common("labels"), To::Metadata));
    transform
}

fn pairs(map: Option<Peek<'_>>, to: To) -> Option<Labels> {
    let map = map.filter(|map| map.is_map())?;
    let pairs = map
        .children()
        .map(|pair| (pair.key().to_owned(), pair.text().map(str::to_owned)))
        .collect();
    Some(Labels { pairs, to })
}
