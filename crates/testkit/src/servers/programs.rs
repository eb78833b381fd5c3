//! Finding programs, and running them without rank.

use std::{
    env, fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

/// The folder that holds all these programs: one in PATH, or one that `elsewhere` names.
pub(super) fn folder_with(programs: &[&str], elsewhere: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).chain(elsewhere).collect();
    folders
        .into_iter()
        .find(|folder| programs.iter().all(|program| folder.join(program).is_file()))
}

/// Somebody without rank, as whom a program is run that refuses to be run as root.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unprivileged {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Unprivileged {
    /// `None` when this process has no rank to give up.
    pub(super) fn needed() -> Option<Self> {
        let own = fs::metadata("/proc/self").ok()?.uid();
        if own != 0 {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").expect("there is a list of users");
        let find = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
            Some(Self {
                uid: fields.next()??,
                gid: fields.next()??,
            })
        };
        let user = find("postgres").or_else(|| find("nobody"));
        Some(user.expect("root can run a server as the user postgres or nobody, of which there is neither"))
    }

    /// Gives a file or folder to this user.
    pub(super) fn own(this: Option<Self>, path: &Path) {
        if let Some(Self { uid, gid }) = this {
            std::os::unix::fs::chown(path, Some(uid), Some(gid)).expect("root can give a file away");
        }
    }

    /// Has a program run as this user, in a process group of its own: what ends the tests must not end it half-way.
    pub(super) fn run(this: Option<Self>, command: &mut Command) -> &mut Command {
        if let Some(Self { uid, gid }) = this {
            command.uid(uid).gid(gid);
        }
        command.process_group(0)
    }
}
