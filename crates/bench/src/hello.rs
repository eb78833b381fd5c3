//! What a service on actix-web does at least, to compare others with.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::load;
use crate::measure::{Meter, Side};
use crate::ours::{Asked, fetching};
use crate::pinning::Pinning;
use crate::process::Process;
use crate::users::get;

pub(crate) const HELLO: &str = "hello";
pub(crate) const AS_LONG: &str = "as long";

const PATIENCE: Duration = Duration::from_secs(10);

/// The program that was built beside this one, running.
pub(crate) struct Hello {
    process: Process,
    _folder: TempDir,
}

impl Hello {
    /// One word.
    pub(crate) fn start(pinning: Pinning) -> Result<Self> {
        Self::launch(pinning, None)
    }

    /// The fields and the body with which `address` answers: what is left between the two is what finding that answer takes.
    pub(crate) fn as_long(pinning: Pinning, address: SocketAddr, asked: &Asked) -> Result<Self> {
        let request = asked.requests.first().context("no request")?;
        Self::launch(pinning, Some(&answer(address, request)?))
    }

    fn launch(pinning: Pinning, answer: Option<&[u8]>) -> Result<Self> {
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let program = std::env::current_exe()?.with_file_name("informer-oauth-bench-hello");
        let mut command = pinning.command(&program, false);
        if let Some(answer) = answer {
            let path: PathBuf = folder.path().join("answer");
            fs::write(&path, answer).context("writing an answer")?;
            command.arg(path);
        }
        let process = Process::start(command, &folder.path().join("log"))?;
        Ok(Self {
            process,
            _folder: folder,
        })
    }

    pub(crate) fn side(&self, count: usize) -> Side<'static> {
        Side {
            name: HELLO.to_owned(),
            addresses: vec![self.process.address()],
            meter: self.meter(),
            users: fetching(vec![get("/", "")], count, "hello", true),
            prepare: Box::new(|| Ok(())),
        }
    }

    /// The side that is asked as the service is.
    pub(crate) fn side_of(&self, asked: Asked, count: usize) -> Side<'static> {
        Side {
            name: format!("{HELLO}, {AS_LONG}"),
            addresses: vec![self.process.address()],
            meter: self.meter(),
            users: asked.users(count),
            prepare: Box::new(|| Ok(())),
        }
    }

    fn meter(&self) -> Meter {
        Meter {
            service: vec![self.process.pid()],
            ..Meter::default()
        }
    }
}

/// What a request is answered with, byte for byte.
fn answer(address: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut received = Vec::new();
    let mut part = [0; 4_096];
    while load::read(&received, |answer| answer.is(200))?.is_none() {
        let length = stream.read(&mut part)?;
        ensure!(length > 0, "the answer ends too soon");
        received.extend_from_slice(part.get(..length).unwrap_or_default());
    }
    Ok(received)
}
