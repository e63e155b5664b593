//! Compiled code on disk, so that a component is compiled once.
//!
//! Compiled code is run as it is, so the folder must be the user's own: made with no rights for others, and refused if
//! another user owns it or could write to it. An entry begins with a digest of the rest; one that does not match (a torn
//! write, a bad disk) is compiled again.

use std::fmt::Write as _;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// First bytes of every entry: what it is, and its layout.
const HEADER: &[u8; 16] = b"plimsoll-code-1\n";
/// Bytes of a digest.
const DIGEST: usize = 32;
/// Largest entry that is read, in bytes. Compiled code is 3 to 6 times its component.
const MAX_ENTRY: u64 = 256 << 20;

/// SHA-256 of a component in lower-case hexadecimal digits: how it is named in caches, logs and answers.
#[must_use]
pub fn digest(component: &[u8]) -> String {
    hex(&Sha256::digest(component))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a String cannot fail.
            _ = write!(text, "{byte:02x}");
            text
        })
}

/// Where one component's compiled code is kept.
pub(crate) struct Entry {
    folder: PathBuf,
    path: PathBuf,
}

impl Entry {
    /// The entry of a component in this folder, for what this engine compiles to. Makes the folder when it is missing.
    ///
    /// # Errors
    /// Says why the folder cannot be trusted or used.
    pub(crate) fn new(folder: &Path, component: &[u8], engine: &wasmtime::Engine) -> Result<Self, String> {
        make_folder(folder).map_err(|error| format!("the cache cannot be made: {error}"))?;
        check_folder(folder)?;
        let mut engine_hash = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut engine_hash);
        let engine_hash = hex(&engine_hash.0.finalize());
        let name = format!(
            "{}-{}.cwasm",
            digest(component),
            engine_hash.get(..16).unwrap_or_default()
        );
        Ok(Entry {
            folder: folder.to_owned(),
            path: folder.join(name),
        })
    }

    /// The compiled code, if it is there and whole.
    pub(crate) fn read(&self) -> Option<Vec<u8>> {
        let mut file = fs::File::open(&self.path).ok()?;
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > MAX_ENTRY || !is_private(&metadata) {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
        file.read_to_end(&mut bytes).ok()?;
        let (header, rest) = bytes.split_at_checked(HEADER.len())?;
        let (expected, code) = rest.split_at_checked(DIGEST)?;
        if header != HEADER || Sha256::digest(code).as_slice() != expected {
            return None;
        }
        bytes.drain(..HEADER.len() + DIGEST);
        Some(bytes)
    }

    /// Keeps compiled code: written beside and renamed, so that nobody reads half of it. The file is the user's alone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, code: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(HEADER)?;
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

/// Whether nobody else may write to it.
#[cfg(unix)]
fn is_private(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o022 == 0
}

#[cfg(not(unix))]
fn is_private(_: &fs::Metadata) -> bool {
    true
}

/// Refuses a folder that another user owns or may write to: what lies there would be run.
#[cfg(unix)]
fn check_folder(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let failed = |error: std::io::Error| format!("the cache cannot be used: {error}");
    let metadata = fs::metadata(folder).map_err(failed)?;
    if !is_private(&metadata) {
        return Err("the cache is not used: others may write to its folder".to_owned());
    }
    // Who we are is whoever owns what we make.
    let ours = tempfile::tempfile_in(folder)
        .and_then(|file| file.metadata())
        .map_err(failed)?;
    if ours.uid() != metadata.uid() {
        return Err("the cache is not used: its folder belongs to another user".to_owned());
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_folder(_: &Path) -> Result<(), String> {
    Ok(())
}

/// Feeds what is hashed to SHA-256: the standard hashers promise no stable result.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(folder: &Path) -> Result<Entry, String> {
        Entry::new(folder, b"component", &wasmtime::Engine::default())
    }

    #[test]
    fn what_is_kept_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let entry = entry(&folder.path().join("a/b")).expect("an entry");
        assert_eq!(entry.read(), None);
        entry.write(b"code").expect("written");
        assert_eq!(entry.read().as_deref(), Some(b"code".as_slice()));
    }

    #[test]
    fn a_damaged_entry_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let entry = entry(&folder.path().join("cache")).expect("an entry");
        entry.write(b"some code").expect("written");
        let whole = fs::read(&entry.path).expect("bytes");
        for damaged in [
            &whole[..whole.len() - 1],
            &whole[..20],
            &[],
            &[&whole[..], b"x"].concat(),
        ] {
            fs::write(&entry.path, damaged).expect("written");
            assert_eq!(entry.read(), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_write() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let cache = folder.path().join("cache");
        let kept = entry(&cache).expect("an entry");
        kept.write(b"code").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&cache), mode(&kept.path)), (0o700, 0o600));
        fs::set_permissions(&kept.path, fs::Permissions::from_mode(0o622)).expect("set");
        assert_eq!(kept.read(), None);
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).expect("set");
        assert!(entry(&cache).err().is_some_and(|why| why.contains("others may write")));
    }

    #[test]
    fn digests_are_sha_256() {
        assert_eq!(
            digest(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
