//! Opening this computer's browser.

use std::{
    env,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::time::sleep;
use url::Url;

/// How long the program that opens may take to say that it cannot.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Opens an address; false when there is no browser to open it in, or nothing that would.
pub(super) async fn open(address: &Url) -> bool {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"]
        .into_iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
    {
        "xdg-open"
    } else {
        // It would start a browser for the terminal, in the one that we write to.
        return false;
    };
    let started = Command::new(program)
        .arg(address.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut process) = started else {
        return false;
    };
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match process.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => sleep(Duration::from_millis(20)).await,
            Err(_) => return false,
        }
    }
    // Some are the browser itself.
    true
}
