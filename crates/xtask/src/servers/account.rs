//! Whom Postgres runs as: it refuses to run as root.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::answer;

/// Accounts that may do nothing, the better fitting one first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// An unprivileged account of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// `None` when this process is unprivileged itself.
    pub(super) fn unprivileged() -> Result<Option<Self>> {
        if id("-u", &[]) != Some(0) {
            return Ok(None);
        }
        let Some(account) = CANDIDATES.iter().find_map(|name| Self::named(name)) else {
            bail!(
                "as root, Postgres needs one of these users to run as: {}",
                CANDIDATES.join(", ")
            );
        };
        Ok(Some(account))
    }

    fn named(name: &str) -> Option<Self> {
        let user = id("-u", &[name])?;
        let group = id("-g", &[name])?;
        (user != 0).then_some(Self { user, group })
    }

    /// Gives it a folder to work in.
    #[cfg(unix)]
    pub(super) fn own(self, folder: &Path) -> Result<()> {
        std::os::unix::fs::chown(folder, Some(self.user), Some(self.group))
            .with_context(|| format!("giving {} to user {}", folder.display(), self.user))
    }

    #[cfg(not(unix))]
    pub(super) fn own(self, folder: &Path) -> Result<()> {
        bail!("no account owns {}", folder.display())
    }

    /// Lets a command run as this account, without any further group.
    #[cfg(unix)]
    pub(super) fn run(self, command: &mut Command) {
        use std::os::unix::process::CommandExt as _;
        command.uid(self.user).gid(self.group);
    }

    #[cfg(not(unix))]
    pub(super) fn run(self, _command: &mut Command) {}
}

fn id(option: &str, name: &[&str]) -> Option<u32> {
    answer(Command::new("id").arg(option).args(name))?.parse().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Account, id};

    #[test]
    fn root_is_never_an_account_to_run_postgres_as() {
        assert_eq!(Account::named("root"), None);
        assert_eq!(Account::named("no-such-user-here"), None);
        assert!(Account::named("nobody").is_some());
    }

    #[test]
    fn only_root_looks_for_another_account() {
        let found = Account::unprivileged();
        assert_eq!(found.ok().flatten().is_some(), id("-u", &[]) == Some(0));
    }
}
