//! Authorization codes in files: an adapter of one port, built step by step in `docs/writing-an-adapter.md`.
//!
//! What makes it safe is one system call: of any number of processes that rename the same file, one succeeds.

mod row;

use std::{
    fmt::Display,
    fs::{self, File},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use informer_oauth_domain::{
    code::{AuthorizationCode, CodeMismatch, CodePresentation, CodeRedemption, REPLAY_MEMORY},
    secret::Digest,
    timestamp::Timestamp,
};
use informer_oauth_ports::{CodeStore, StoreError};

/// How errors and health answers call this store.
const STORE: &str = "files";

/// Authorization codes in a folder, one file each, for any number of processes of one machine. Clones share it.
#[derive(Clone, Debug)]
pub struct FileCodes {
    /// Being written: nobody reads here.
    new: PathBuf,
    /// Whole, and not used yet.
    live: PathBuf,
    /// Used, and remembered for a while.
    used: PathBuf,
}

impl FileCodes {
    /// Opens the store in `folder`, which is made where it is missing.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let store = Self {
            new: folder.join("new"),
            live: folder.join("live"),
            used: folder.join("used"),
        };
        for folder in [&store.new, &store.live, &store.used] {
            fs::create_dir_all(folder).map_err(unavailable)?;
        }
        Ok(store)
    }

    fn insert_now(&self, code: &AuthorizationCode) -> Result<(), StoreError> {
        let name = code.digest.to_hex();
        let mut file = File::create(self.new.join(&name)).map_err(unavailable)?;
        file.write_all(&row::to_bytes(code)).map_err(unavailable)?;
        file.sync_all().map_err(unavailable)?;
        shift(&self.new, &self.live, &name).map_err(unavailable)
    }

    fn redeem_now(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<CodeRedemption, StoreError> {
        let name = digest.to_hex();
        if let Some(code) = read(&self.live.join(&name))? {
            if let Err(mismatch) = code.matches(presented, now) {
                return Ok(CodeRedemption::Refused(mismatch));
            }
            match shift(&self.live, &self.used, &name) {
                Ok(()) => return Ok(CodeRedemption::Redeemed(code)),
                // Another call was first.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Ok(match read(&self.used.join(&name))? {
            None => CodeRedemption::Unknown,
            Some(code) if code.client != presented.client => CodeRedemption::Refused(CodeMismatch::Client),
            Some(code) => CodeRedemption::Replayed(code),
        })
    }

    fn purge_now(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        for folder in [&self.live, &self.used] {
            for entry in fs::read_dir(folder).map_err(unavailable)? {
                let path = entry.map_err(unavailable)?.path();
                let Some(code) = read(&path)? else { continue };
                let memory = if folder == &self.used {
                    REPLAY_MEMORY
                } else {
                    Duration::ZERO
                };
                if now < code.expires_at + memory {
                    continue;
                }
                if forgotten == u64::from(limit) {
                    return Ok(forgotten);
                }
                match fs::remove_file(&path) {
                    Ok(()) => forgotten += 1,
                    // Another purge was first.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(unavailable(error)),
                }
            }
        }
        Ok(forgotten)
    }
}

/// Moves a file from one folder into another, once and for all: also when the power fails right after.
fn shift(from: &Path, to: &Path, name: &str) -> io::Result<()> {
    fs::rename(from.join(name), to.join(name))?;
    #[cfg(unix)]
    for folder in [to, from] {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The code in a file; none when there is no such file.
fn read(path: &Path) -> Result<Option<AuthorizationCode>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => row::from_bytes(path, &bytes).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

fn unavailable(error: impl Display) -> StoreError {
    StoreError::unavailable(STORE, error)
}

/// Files are waited for on threads that may wait, never on those that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(unavailable(error)))
}

#[async_trait]
impl CodeStore for FileCodes {
    async fn insert(&self, code: &AuthorizationCode) -> Result<(), StoreError> {
        let (store, code) = (self.clone(), code.clone());
        blocking(move || store.insert_now(&code)).await
    }

    async fn redeem(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<CodeRedemption, StoreError> {
        let (store, digest, presented) = (self.clone(), *digest, presented.clone());
        blocking(move || store.redeem_now(&digest, &presented, now)).await
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let store = self.clone();
        blocking(move || store.purge_now(now, limit)).await
    }
}
