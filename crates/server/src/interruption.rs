//! Ctrl-C and SIGTERM, for commands that take their time.

use std::{io, process};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a process that Ctrl-C ended, as shells count it.
const INTERRUPTED: i32 = 130;

/// From now on, the signals do not end the process by themselves.
pub(crate) struct Interruption {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruption {
    /// Takes the signals over.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn arrives(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ends the process at once: a request that a thread waits for cannot be told to stop.
pub(crate) fn leave() -> ! {
    process::exit(INTERRUPTED)
}
