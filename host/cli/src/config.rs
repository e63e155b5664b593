//! `plimsoll.yaml`: found, read, and joined with what the command line says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use plimsoll_core::bundle::Options;
use plimsoll_core::config::{Config, PolicySource, parse};
use plimsoll_core::read::{Limits, Manifest, manifest_of_text};

use crate::exit::BadConfig;
use crate::judge;
use crate::root::Root;

/// What holds for a run, of all commands that judge.
#[derive(Args)]
pub struct ConfigArguments {
    /// Use this configuration file, and look for no other
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Namespace of objects that name none
    #[arg(long, value_name = "NS")]
    default_namespace: Option<String>,
    /// The environment that all objects are meant for, instead of what paths, namespaces and labels tell
    #[arg(long, value_name = "NAME")]
    env: Option<Environment>,
}

/// An environment, as `--env` and `environments` of the config name it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// Development
    Dev,
    /// Tests
    Test,
    /// Staging
    Staging,
    /// Production
    Prod,
}

/// The config of a run, and the folder that paths count from.
pub struct Settled {
    pub root: Root,
    pub config: Config,
    /// The config's file as reports show it.
    pub file: Option<String>,
    environment: Option<String>,
    folder: PathBuf,
    /// The config's text.
    text: String,
}

impl ConfigArguments {
    /// Finds and reads the config: the one that is named, else the first from the working directory up to the repository's
    /// root, else none.
    pub fn settle(&self) -> anyhow::Result<Settled> {
        let found = Root::find().context("the working directory cannot be found")?;
        let file = match &self.config {
            Some(file) => Some(file.clone()),
            None => found.upwards().find(|file| file.is_file()),
        };
        let Some(file) = file else {
            let folder = found.folder().to_path_buf();
            return Ok(self.joined(found, Config::default(), None, folder, String::new()));
        };
        let text = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let shown = found.name(&file);
        let text = String::from_utf8(text).with_context(|| format!("{shown} is not UTF-8"))?;
        let config = parse(&text).map_err(|errors| BadConfig {
            file: shown.clone(),
            errors,
        })?;
        let folder = found.folder_of(&file);
        let root = found.at(folder.clone());
        let name = root.name(&file);
        Ok(self.joined(root, config, Some(name), folder, text))
    }

    fn joined(&self, root: Root, mut config: Config, file: Option<String>, folder: PathBuf, text: String) -> Settled {
        if self.default_namespace.is_some() {
            config.default_namespace.clone_from(&self.default_namespace);
        }
        let environment = self.env.and_then(|environment| {
            let value = environment.to_possible_value()?;
            Some(value.get_name().to_owned())
        });
        Settled {
            root,
            config,
            file,
            environment,
            folder,
            text,
        }
    }
}

impl Settled {
    /// The folder that the config's paths count from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The config's text; empty where there is none.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes the config's own manifest from among those that were read; reads it where it is not among them.
    pub fn take_manifest(&self, manifests: &mut Vec<Manifest>) -> Option<Manifest> {
        let file = self.file.as_ref()?;
        match manifests.iter().position(|manifest| &manifest.path == file) {
            Some(at) => Some(manifests.remove(at)),
            None => Some(manifest_of_text(
                file,
                Arc::from(self.text.as_str()),
                &Limits::default(),
            )),
        }
    }

    /// What the bundle is told.
    pub fn options(&self) -> Options {
        let config = &self.config;
        Options {
            default_namespace: config.default_namespace.clone(),
            kubernetes: config.kubernetes.clone(),
            openchoreo: config.openchoreo.clone(),
            closed_world: config.closed_world.clone(),
            environments: config.environments.clone(),
            environment: self.environment.clone(),
            cluster: config.cluster.clone(),
            ..Options::default()
        }
    }

    /// Files of third-party policies that the config adds, with their settings' entries.
    pub fn policy_files(&self) -> impl Iterator<Item = PathBuf> {
        self.config.policies.iter().filter_map(|entry| match &entry.source {
            PolicySource::Path(path) => Some(self.folder.join(path)),
            PolicySource::BuiltIn(_) => None,
        })
    }

    /// The settings for a policy, as JSON text, and whether its findings are reported.
    pub fn policy(&self, name: &str, file: Option<&Path>) -> (&str, bool) {
        let entry = judge::entry_of(&self.config, &self.folder, name, file);
        entry.map_or(("", true), |entry| (&entry.settings, entry.enabled))
    }
}
