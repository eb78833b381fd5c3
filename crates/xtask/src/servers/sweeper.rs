//! Stops a server and removes its folder once this process lets go of it, by its own will or by ending in any way:
//! a shell at the other end of a pipe does it, and a pipe closes also with a process that is killed.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result};

/// `$1` is the folder, `$2` the signal; each line is a server's process id, and the last one counts. A server that does
/// not go within ten seconds is killed. A folder may be refilled by what is still on its way out, so removing is tried
/// again for a while.
const SCRIPT: &str = r#"
server=
while read -r line; do server=$line; done
if [ -n "$server" ]; then
  kill -s "$2" "$server"
  tries=0
  while kill -s 0 "$server"; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || kill -s KILL "$server"
    [ "$tries" -lt 70 ] || break
    sleep 0.1
  done
fi
tries=0
until rm -rf -- "$1" && [ ! -e "$1" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 50 ] || exit 1
  sleep 0.1
done
"#;

pub(super) struct Sweeper {
    shell: Child,
    /// Closed, it says that the server is to end.
    orders: Option<ChildStdin>,
}

impl Sweeper {
    pub(super) fn new(folder: &Path, signal: &str) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).arg(folder).arg(signal);
        apart(&mut command);
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting the shell that cleans up")?;
        let orders = shell.stdin.take();
        Ok(Self { shell, orders })
    }

    /// Names the server to stop.
    pub(super) fn watch(&mut self, server: &Child) -> Result<()> {
        self.tell(&server.id().to_string())
    }

    /// The server has ended and been waited for: its number may be another process's from now on.
    pub(super) fn forget(&mut self) -> Result<()> {
        self.tell("")
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        let orders = self.orders.as_mut().context("the clean-up has begun")?;
        writeln!(orders, "{line}").context("telling the shell that cleans up")
    }

    /// Begins; whoever started the server has to wait for it now, or it seems to be there still.
    pub(super) fn begin(&mut self) {
        self.orders = None;
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.begin();
        // An error says that the shell is gone, and that is what is waited for.
        let _ = self.shell.wait();
    }
}

/// Keeps a terminal's Ctrl-C from a command: it reaches this process, and what has to end with it does.
pub(super) fn apart(command: &mut Command) {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    #[cfg(not(unix))]
    let _ = command;
}
