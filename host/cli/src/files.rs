//! Writing files.

use std::io::Write as _;
use std::path::Path;

/// Writes a file whole or not at all: beside it first, with its permissions, then in its place. Links are followed, so that
/// the file they lead to is replaced and not the link.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let target = match std::fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => path.to_path_buf(),
        Err(error) => return Err(error),
    };
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(bytes)?;
    match std::fs::metadata(&target) {
        Ok(data) => beside.as_file().set_permissions(data.permissions())?,
        Err(_) => readable(beside.as_file())?,
    }
    beside.as_file().sync_all()?;
    beside.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// What became of a file that was to be written.
pub enum Created {
    /// It is new.
    New,
    /// Something of that name is there, and was left alone.
    WasThere,
}

/// Writes a new file below a root, with the folders above it; never over another, and through no link.
pub fn create(root: &Path, path: &str, bytes: &[u8]) -> std::io::Result<Created> {
    let whole = root.join(path);
    for folder in Path::new(path).ancestors().skip(1) {
        if root.join(folder).is_symlink() && !folder.as_os_str().is_empty() {
            return Err(std::io::Error::other(format!("{} is a link", folder.display())));
        }
    }
    if let Some(folder) = whole.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::File::create_new(&whole) {
        Ok(mut file) => file.write_all(bytes).map(|()| Created::New),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(Created::WasThere),
        Err(error) => Err(error),
    }
}

/// A new file may be read by all, as files are that are no secret.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
