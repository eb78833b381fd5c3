//! Passwords at the command line: read or drawn, never an argument.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    process,
};

use informer_oauth_crypto::SystemEntropy;
use informer_oauth_domain::secret::Secret;
use informer_oauth_ports::Entropy as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use tokio::{signal::ctrl_c, task::spawn_blocking};

use crate::{cli::PasswordFlags, output::Misuse, text};

/// How long a drawn password is: 119 bits.
const DRAWN_CHARACTERS: usize = 20;

/// The exit code of a process that Ctrl-C ended, as shells count it.
const INTERRUPTED: i32 = 130;

/// A new password.
pub(super) struct Password {
    pub(super) secret: Secret,
    /// Whether nobody knows it yet, so that it must be shown.
    pub(super) drawn: bool,
}

/// Reads or draws a password.
pub(super) async fn obtain(flags: PasswordFlags) -> anyhow::Result<Password> {
    if !flags.password_stdin {
        return Ok(Password {
            secret: Secret::new(SystemEntropy.base62(DRAWN_CHARACTERS)),
            drawn: true,
        });
    }
    let secret = if io::stdin().is_terminal() {
        ask().await?
    } else {
        read_line()?
    };
    Ok(Password { secret, drawn: false })
}

fn read_line() -> anyhow::Result<Secret> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let line = Secret::new(line);
    let text = text::without_mark(line.expose()).trim_end_matches(['\n', '\r']);
    Ok(Secret::new(text.to_owned()))
}

/// Asks twice, without showing what is typed.
async fn ask() -> anyhow::Result<Secret> {
    let first = ask_once("Password: ").await?;
    let second = ask_once("Again: ").await?;
    if first == second {
        Ok(first)
    } else {
        Err(Misuse("the two passwords differ".into()).into())
    }
}

async fn ask_once(prompt: &str) -> anyhow::Result<Secret> {
    eprint!("{prompt}");
    io::stderr().flush()?;
    let shown = tcgetattr(io::stdin())?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
    let line = tokio::select! {
        line = spawn_blocking(read_line) => Some(line?),
        _ = ctrl_c() => None,
    };
    // Also after Ctrl-C: the shell that comes next must show what is typed.
    tcsetattr(io::stdin(), OptionalActions::Now, &shown)?;
    eprintln!();
    // The thread that reads cannot be told to stop, so returning would wait for a line.
    line.unwrap_or_else(|| process::exit(INTERRUPTED))
}
