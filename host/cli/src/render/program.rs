//! The user's own programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_core::read::Renderer;

use super::Job;
use super::child::{self, Allowed};

/// What one rendering may take: of output as much as a file may have.
const ALLOWED: Allowed = Allowed {
    time: Duration::from_secs(60),
    output: 64 << 20,
};

/// The programs that render, where they are found.
pub struct Programs {
    path: Vec<PathBuf>,
    helm: Option<PathBuf>,
    /// And what it is told before the folder.
    kustomize: Option<(PathBuf, &'static str)>,
}

impl Programs {
    /// Looks in the `PATH`: in its whole paths only, as what lies in the working directory is input.
    pub fn find() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path: Vec<PathBuf> = std::env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .collect();
        let find = |name: &str| {
            let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            path.iter().map(|folder| folder.join(&name)).find(|file| runs(file))
        };
        let kustomize = find("kustomize").map(|found| (found, "build"));
        Programs {
            helm: find("helm"),
            kustomize: kustomize.or_else(|| find("kubectl").map(|found| (found, "kustomize"))),
            path,
        }
    }

    /// What a program prints for a job; else why there is nothing.
    pub fn render(&self, job: &Job) -> Result<Vec<u8>, String> {
        let (program, missing) = match job.rendering.by {
            Renderer::Helm => {
                let found = self.helm.as_ref().map(|helm| (helm, "template"));
                (found, "it is not found in the PATH, and --render needs it")
            }
            Renderer::Kustomize => {
                let found = self.kustomize.as_ref().map(|(program, command)| (program, *command));
                (
                    found,
                    "neither it nor kubectl is found in the PATH, and --render needs one",
                )
            }
        };
        let (program, command) = program.ok_or(missing)?;
        let mut arguments = vec![command.to_owned()];
        arguments.extend(job.arguments.iter().cloned());
        child::run(program, &arguments, &job.folder, &self.path, ALLOWED)
    }
}

#[cfg(unix)]
fn runs(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn runs(file: &Path) -> bool {
    file.is_file()
}
