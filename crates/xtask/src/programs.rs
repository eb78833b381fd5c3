//! The programs that the build and the suites need, and how they get here.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{answer, succeed};
use crate::report::Outcome;

/// The oldest Node.js that openid-client, playwright-core and `node --test --test-timeout` all work on.
const NODE: (u32, u32) = (20, 11);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// Builds the vendored OpenSSL, together with Perl.
    Make,
    Perl,
    /// Run the blocks of the documents.
    Bash,
    Curl,
    /// A real reverse proxy in front of the gate.
    Nginx,
    Chromium,
    /// Without any font a page renders as empty boxes.
    Fonts,
    Node,
    Npm,
    Python,
}

impl Program {
    /// Where it is, or what to install.
    pub(crate) fn find(self) -> Result<PathBuf> {
        match self.look() {
            Ok(path) => Ok(path),
            Err(why) => bail!("{why}; {}", self.advice()),
        }
    }

    fn look(self) -> Result<PathBuf, String> {
        match self {
            Self::Make => on_path(&["make"]),
            Self::Perl => on_path(&["perl"]).and_then(|perl| {
                let modules = ["-MFindBin", "-MIPC::Cmd", "-e", "1"];
                works(&perl, &modules, "perl lacks its standard modules")
            }),
            Self::Bash => on_path(&["bash"]),
            Self::Curl => on_path(&["curl"]),
            Self::Nginx => on_path(&["nginx"]),
            Self::Chromium => match std::env::var_os("CHROMIUM") {
                Some(path) if Path::new(&path).is_file() => Ok(path.into()),
                Some(path) => Err(format!("CHROMIUM names no file: {}", path.display())),
                None => on_path(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]),
            },
            Self::Fonts => fonts(),
            Self::Node => on_path(&["node"]).and_then(|node| {
                let version = answer(Command::new(&node).arg("--version")).unwrap_or_default();
                if node_version(&version) >= Some(NODE) {
                    Ok(node)
                } else {
                    Err(format!("node is {version}"))
                }
            }),
            Self::Npm => on_path(&["npm"]),
            Self::Python => on_path(&["python3"]).and_then(|python| {
                let modules = ["-c", "import venv, ensurepip"];
                works(&python, &modules, "python3 lacks venv or ensurepip")
            }),
        }
    }

    fn debian(self) -> &'static [&'static str] {
        match self {
            Self::Make => &["make"],
            Self::Perl => &["perl"],
            Self::Bash => &["bash"],
            Self::Curl => &["curl"],
            Self::Nginx => &["nginx"],
            Self::Chromium => &["chromium"],
            Self::Fonts => &["fonts-dejavu-core"],
            Self::Node | Self::Npm => &["nodejs", "npm"],
            Self::Python => &["python3", "python3-venv"],
        }
    }

    fn advice(self) -> String {
        let packages = self.debian().join(" ");
        match self {
            Self::Node => format!(
                "install Node.js {}.{} or newer with npm (Debian 13 and later: `apt-get install {packages}`)",
                NODE.0, NODE.1
            ),
            Self::Chromium => format!(
                "install Chromium (Debian: `apt-get install {packages}`) or let CHROMIUM name a Chromium or Chrome"
            ),
            _ => format!("install it (Debian: `apt-get install {packages}`; elsewhere the package of that name)"),
        }
    }
}

/// Installs what is missing where that can be done unattended; what then still is missing is the error.
pub(crate) fn provide(programs: &[Program]) -> Result<Outcome> {
    let missing: Vec<Program> = programs
        .iter()
        .copied()
        .filter(|program| program.look().is_err())
        .collect();
    if missing.is_empty() {
        return Ok(Outcome::Holds("all present".to_owned()));
    }
    if let Some(apt) = Apt::usable() {
        let mut packages: Vec<&str> = missing.iter().flat_map(|p| p.debian()).copied().collect();
        packages.sort_unstable();
        packages.dedup();
        // A list that cannot be renewed may still serve; if not, the installation says so.
        if let Err(error) = succeed(&mut apt.get(&["update"])) {
            println!("    {error:#}");
        }
        let mut words = vec!["install", "-y", "--no-install-recommends"];
        words.extend(&packages);
        if let Err(error) = succeed(&mut apt.get(&words)) {
            println!("    {error:#}");
        }
    }
    let lacking: Vec<String> = missing
        .iter()
        .filter_map(|program| program.find().err())
        .map(|error| error.to_string())
        .collect();
    if !lacking.is_empty() {
        bail!("{}", lacking.join("\n  "));
    }
    Ok(Outcome::Holds(format!("installed {missing:?}")))
}

/// apt-get as root, or through a sudo that asks nothing.
struct Apt {
    through_sudo: bool,
}

impl Apt {
    fn usable() -> Option<Self> {
        on_path(&["apt-get"]).ok()?;
        if answer(Command::new("id").arg("-u")).as_deref() == Some("0") {
            return Some(Self { through_sudo: false });
        }
        answer(Command::new("sudo").args(["-n", "true"]))?;
        Some(Self { through_sudo: true })
    }

    fn get(&self, words: &[&str]) -> Command {
        let mut command = if self.through_sudo {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "env"]);
            sudo
        } else {
            Command::new("env")
        };
        command
            // RUNLEVEL keeps a freshly installed nginx from being started as a system service.
            .args(["DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get"])
            .args(["-q", "-o", "DPkg::Lock::Timeout=300"])
            .args(words);
        command
    }
}

fn on_path(names: &[&str]) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers live in sbin, which an ordinary user's PATH leaves out.
    let sbin = ["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from);
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(sbin).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| format!("{} is missing", names.first().unwrap_or(&"")))
}

fn works(program: &Path, arguments: &[&str], complaint: &str) -> Result<PathBuf, String> {
    answer(Command::new(program).args(arguments))
        .map(|_| program.to_owned())
        .ok_or_else(|| complaint.to_owned())
}

fn fonts() -> Result<PathBuf, String> {
    let folder = PathBuf::from("/usr/share/fonts");
    // Elsewhere than on Linux the system brings its fonts.
    if !cfg!(target_os = "linux") || has_font(&folder) {
        Ok(folder)
    } else {
        Err("no font is installed".to_owned())
    }
}

fn has_font(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        path.is_dir() && has_font(&path)
            || path
                .extension()
                .is_some_and(|kind| ["ttf", "otf", "ttc"].iter().any(|known| kind == *known))
    })
}

/// Major and minor of `v20.20.2`.
fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::{NODE, Program, node_version, on_path};

    #[test]
    fn an_old_node_is_told_from_a_new_one() {
        assert!(node_version("v20.20.2") >= Some(NODE));
        assert!(node_version("v22.1.0") >= Some(NODE));
        assert!(node_version("v18.19.0") < Some(NODE));
        assert!(node_version("") < Some(NODE));
    }

    #[test]
    fn what_is_missing_is_named_and_so_is_the_package_to_install() {
        assert_eq!(
            on_path(&["no-such-program-anywhere"]),
            Err("no-such-program-anywhere is missing".to_owned())
        );
        for program in [Program::Nginx, Program::Chromium, Program::Python, Program::Node] {
            for package in program.debian() {
                assert!(program.advice().contains(package), "{}", program.advice());
            }
        }
    }
}
