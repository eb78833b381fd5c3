//! Installing Debian's packages, without the services that some of them bring.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{answer, succeed};
use crate::programs::on_path;

/// What Debian's packages ask before they start a service, on systemd and without it.
const POLICY: &str = "/usr/sbin/policy-rc.d";
/// Runs `$2…` while the policy `$1` answers 101, "not to be started". A policy that is there already is somebody's own
/// and stays as it is; ours is gone afterwards, also after Ctrl-C.
const WITHOUT_SERVICES: &str = r#"policy=$1; shift; [ -e "$policy" ] || { trap 'rm -f "$policy"' EXIT; trap 'exit 1' HUP INT TERM; { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"; } || exit 1; }; "$@"; exit "$?""#;

/// apt-get as root, or through a sudo that asks nothing.
pub(crate) struct Apt {
    through_sudo: bool,
}

impl Apt {
    /// `None` where there is no apt-get or no right to use it.
    pub(crate) fn usable() -> Option<Self> {
        on_path(&["apt-get"]).ok()?;
        if answer(Command::new("id").arg("-u")).as_deref() == Some("0") {
            return Some(Self { through_sudo: false });
        }
        answer(Command::new("sudo").args(["-n", "true"]))?;
        Some(Self { through_sudo: true })
    }

    /// Tries to, of alternatives (`a|b`) the first that there is. Whether it helped is for the caller to see, because a list of
    /// packages that cannot be renewed may still serve.
    pub(crate) fn install<'a>(&self, packages: impl IntoIterator<Item = &'a str>) {
        self.try_to(&["update"]);
        let mut words = vec!["install", "-y", "--no-install-recommends"];
        words.extend(packages.into_iter().map(|alternatives| choice(alternatives, is_known)));
        self.try_to(&words);
    }

    fn try_to(&self, words: &[&str]) {
        if let Err(error) = succeed(&mut self.get(words)) {
            println!("    {error:#}");
        }
    }

    fn get(&self, words: &[&str]) -> Command {
        let mut line: Vec<&str> = if self.through_sudo { vec!["sudo", "-n"] } else { vec![] };
        line.extend(["sh", "-c", WITHOUT_SERVICES, "sh", POLICY]);
        line.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        line.extend(["-q", "-o", "DPkg::Lock::Timeout=300"]);
        line.extend(words);
        let mut line = line.into_iter().map(PathBuf::from);
        let mut command = Command::new(line.next().unwrap_or_default());
        command.args(line);
        command
    }
}

/// The first alternative that is known; where none is, the last one, so that apt-get names it.
fn choice(alternatives: &str, is_known: impl Fn(&str) -> bool) -> &str {
    let all = || alternatives.split('|');
    all()
        .find(|package| is_known(package))
        .or_else(|| all().next_back())
        .unwrap_or_default()
}

fn is_known(package: &str) -> bool {
    answer(Command::new("apt-cache").args(["show", package])).is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::path::Path;
    use std::process::{Command, Output};

    use super::{Apt, WITHOUT_SERVICES, choice};

    fn words(command: &Command) -> Vec<String> {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }

    fn under(policy: &Path, script: &str) -> Output {
        let mut command = Command::new("sh");
        command.args(["-c", WITHOUT_SERVICES, "sh"]).arg(policy);
        command.args(["sh", "-c", script, "sh"]).arg(policy);
        command.output().unwrap()
    }

    #[test]
    fn the_packages_are_the_last_words_and_sudo_never_asks() {
        let direct = words(&Apt { through_sudo: false }.get(&["install", "-y", "redis-server"]));
        let sudo = words(&Apt { through_sudo: true }.get(&["install", "-y", "redis-server"]));
        assert_eq!(direct.first().unwrap(), "sh");
        assert!(direct.ends_with(&["install", "-y", "redis-server"].map(str::to_owned)));
        assert!(sudo.starts_with(&["sudo", "-n"].map(str::to_owned)));
        assert_eq!(sudo.get(2..), direct.get(..));
    }

    #[test]
    fn of_alternatives_the_first_that_a_release_has_is_installed() {
        for (known, chosen) in [("a b", "a"), ("b", "b"), ("", "b")] {
            assert_eq!(choice("a|b", |package| known.contains(package)), chosen);
        }
        assert_eq!(choice("redis-server", |_| false), "redis-server");
    }

    #[test]
    fn while_packages_are_installed_no_service_may_start_and_later_again() {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("policy-rc.d");
        // The policy's answer is the command's, and so the whole line's.
        let output = under(&policy, "\"$1\" redis-server start");
        assert_eq!(output.status.code(), Some(101), "{output:?}");
        assert!(!policy.exists());
    }

    #[test]
    fn a_policy_of_the_machine_s_own_stays() {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("policy-rc.d");
        fs::write(&policy, "its own").unwrap();
        assert_eq!(under(&policy, "exit 7").status.code(), Some(7));
        assert_eq!(fs::read_to_string(&policy).unwrap(), "its own");
    }
}
