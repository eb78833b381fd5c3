//! Passwords at the command line: read or drawn, never an argument.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use informer_oauth_crypto::SystemEntropy;
use informer_oauth_domain::secret::Secret;
use informer_oauth_ports::Entropy as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::{cli::PasswordFlags, output::Misuse};

/// How long a drawn password is: 119 bits.
const DRAWN_CHARACTERS: usize = 20;

/// A new password.
pub(super) struct Password {
    pub(super) secret: Secret,
    /// Whether nobody knows it yet, so that it must be shown.
    pub(super) drawn: bool,
}

/// Reads or draws a password.
pub(super) fn obtain(flags: PasswordFlags) -> anyhow::Result<Password> {
    if !flags.password_stdin {
        return Ok(Password {
            secret: Secret::new(SystemEntropy.base62(DRAWN_CHARACTERS)),
            drawn: true,
        });
    }
    let secret = if io::stdin().is_terminal() {
        ask()?
    } else {
        read_line()?
    };
    Ok(Password { secret, drawn: false })
}

fn read_line() -> anyhow::Result<Secret> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    while line.ends_with(['\n', '\r']) {
        line.pop();
    }
    Ok(Secret::new(line))
}

/// Asks twice, without showing what is typed.
fn ask() -> anyhow::Result<Secret> {
    let first = ask_once("Password: ")?;
    let second = ask_once("Again: ")?;
    if first == second {
        Ok(first)
    } else {
        Err(Misuse("the two passwords differ".into()).into())
    }
}

fn ask_once(prompt: &str) -> anyhow::Result<Secret> {
    eprint!("{prompt}");
    io::stderr().flush()?;
    let shown = tcgetattr(io::stdin())?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
    let line = read_line();
    tcsetattr(io::stdin(), OptionalActions::Now, &shown)?;
    eprintln!();
    line
}
