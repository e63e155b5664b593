//! A live cluster: judged itself, or the light in which files are judged.

use std::collections::BTreeSet;

use clap::Args;
use plimsoll_core::report::InputFailure;
use plimsoll_webhook::context::{Keep, Listed, Room, Wanted, list, rendered};
use rayon::prelude::*;

use crate::input::Input;
use crate::judge::Loaded;

/// Which cluster there is to look at, and what for.
#[derive(Args)]
pub struct ClusterArguments {
    /// Judge the objects of the cluster instead of files: of the kinds that the rules name, never Secrets
    #[arg(long, conflicts_with_all = ["paths", "since", "against_cluster"])]
    pub cluster: bool,
    /// Judge files in the light of what runs in the cluster: each replaces the object of its identity there
    #[arg(long, conflicts_with = "since")]
    pub against_cluster: bool,
    /// Of the cluster only this namespace, which is also that of files that name none
    #[arg(long, value_name = "NS")]
    namespace: Option<String>,
}

impl ClusterArguments {
    /// Whether the arguments make sense together.
    ///
    /// # Errors
    /// When a namespace is named and no cluster is looked at.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.namespace.is_some() && !self.wanted() {
            anyhow::bail!("--namespace is about a cluster: it needs --cluster or --against-cluster");
        }
        Ok(())
    }

    /// Whether a cluster is to be looked at.
    pub fn wanted(&self) -> bool {
        self.cluster || self.against_cluster
    }

    /// Takes the objects of the cluster as the input, or puts beside the files what of it can matter to them.
    ///
    /// # Errors
    /// When there is no cluster, or it does not answer.
    pub fn apply(&self, policies: &[Loaded], input: &mut Input) -> anyhow::Result<()> {
        let keep = Keep {
            schemas: self.against_cluster,
        };
        let listed = self.list(policies, keep)?;
        input.failures.extend(failures(&listed));
        if self.cluster {
            input.manifests = listed.store.all().par_iter().map(rendered).collect();
            input.cluster = true;
            return Ok(());
        }
        let namespace = self.namespace.clone().unwrap_or(listed.default_namespace);
        let subjects: Vec<_> = input.manifests.iter().collect();
        let around = listed.store.around_in(&subjects, &namespace, Room::ALL);
        input.light = around.objects.par_iter().map(rendered).collect();
        input.namespace = Some(namespace);
        Ok(())
    }

    fn list(&self, policies: &[Loaded], keep: Keep) -> anyhow::Result<Listed> {
        let wanted = Wanted {
            kinds: kinds(policies),
            namespace: self.namespace.clone(),
            keep,
        };
        Ok(list(&wanted)?)
    }
}

/// The kinds that rules name: those that they judge, and those that they look at.
fn kinds(policies: &[Loaded]) -> BTreeSet<String> {
    let rules = policies.iter().flat_map(|loaded| &loaded.policy.description().rules);
    let kinds = rules.flat_map(|rule| rule.kinds.iter().map(String::as_str).chain(rule.looks_at()));
    kinds.filter(|&kind| kind != "*").map(str::to_owned).collect()
}

/// Kinds that could not be listed.
fn failures(listed: &Listed) -> Vec<InputFailure> {
    let failed = listed.failures.iter();
    failed
        .map(|(kind, why)| InputFailure {
            file: "cluster".to_owned(),
            line: None,
            column: None,
            message: format!("{kind} cannot be listed: {why}"),
        })
        .collect()
}
