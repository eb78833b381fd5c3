//! What the gate costs behind nginx: with the configuration that is shipped, against the same that asks a constant 204, and
//! against the same that asks nobody.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::measure::{Meter, Side, interleave};
use crate::ours::{Ours, fetching};
use crate::pinning::Pinning;
use crate::process::Process;
use crate::report::{Budget, CPU, Comparison, Figures, Finding, RATE};
use crate::run::Run;
use crate::statistics::Spread;
use crate::users::{Kept, get};

const SHIPPED: &str = include_str!("../../../deploy/nginx/informer-oauth.conf");
/// The line that asks the gate.
const ASKS: &str = "auth_request /informer-oauth-gate;";
/// The addresses in it: nginx's own, Informer's, the service's.
const ADDRESSES: [&str; 3] = ["127.0.0.1:8080", "127.0.0.1:3000", "127.0.0.1:8787"];
/// What stands for Informer says this.
const ANSWER: &str = "informer";

const STARTING: Duration = Duration::from_secs(10);
/// Tokens that are shown in turn.
const SHOWN: usize = 64;

const GATE: &str = "nginx, asking informer-oauth";
const CONSTANT: &str = "nginx, asking a constant 204";
const NOBODY: &str = "nginx, asking nobody";

const LEAST_RATE: Budget = Budget::AtLeast(0.7);
/// Microseconds.
const MOST_ADDED: Budget = Budget::AtMost(300.0);

/// One nginx with one process.
struct Nginx {
    process: Process,
    _folder: TempDir,
}

impl Nginx {
    /// Starts one on a free port.
    fn start(pinning: Pinning, site: impl FnOnce(SocketAddr) -> String) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let file = folder.path().join("nginx.conf");
        fs::write(&file, whole(folder.path(), &site(address)))?;
        // It does not tell where it listens.
        let mut command = pinning.command("sh".as_ref(), false);
        let script = r#"echo "listening on http://$1"; exec nginx -p "$2" -c "$3""#;
        command.args(["-c", script, "sh", &address.to_string()]);
        command.arg(folder.path()).arg(&file);
        let process = Process::start(command, &folder.path().join("log"))?;
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(started.elapsed() < STARTING, "nginx does not listen: {}", process.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Self {
            process,
            _folder: folder,
        })
    }

    /// As it is shipped, before what stands for Informer and what answers for the gate; or asking nobody.
    fn shipped(pinning: Pinning, informer: SocketAddr, gate: Option<SocketAddr>) -> Result<Self> {
        let has_all = ADDRESSES.iter().chain(&[ASKS]).all(|text| SHIPPED.contains(text));
        ensure!(has_all, "the shipped configuration is another one");
        Self::start(pinning, |own| {
            let site = SHIPPED
                .replace(ADDRESSES[0], &own.to_string())
                .replace(ADDRESSES[1], &informer.to_string());
            match gate {
                Some(gate) => site.replace(ADDRESSES[2], &gate.to_string()),
                None => site.replace(ASKS, ""),
            }
        })
    }

    /// Answers everything with one status.
    fn constant(pinning: Pinning, answer: &str) -> Result<Self> {
        Self::start(pinning, |own| {
            format!("server {{ listen {own}; keepalive_requests 1000000000; location / {{ return {answer}; }} }}")
        })
    }
}

/// A whole configuration around a site.
fn whole(folder: &Path, site: &str) -> String {
    let path = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\nerror_log stderr error;\npid {path}/nginx.pid;\nevents {{ worker_connections 4096; }}\n\
         http {{\naccess_log off;\nkeepalive_requests 1000000000;\n{temporary}{site}\n}}\n"
    )
}

/// The three, and what is behind them.
struct Setting {
    ours: Ours,
    gate: Nginx,
    constant: Nginx,
    nobody: Nginx,
    informer: Nginx,
    yes: Nginx,
    requests: Vec<Vec<u8>>,
}

impl Setting {
    fn new(run: &Run<'_>) -> Result<Self> {
        let pinning = run.program.pinning;
        let ours = Ours::start(run)?;
        let made = Kept::default();
        ours.public.make(&made, SHOWN)?;
        let ask = |token: &String| get("/api/profile", &format!("Authorization: Bearer {token}\r\n"));
        let requests = made.access.borrow().iter().map(ask).collect();
        let informer = Nginx::constant(pinning, &format!("200 {ANSWER}"))?;
        let yes = Nginx::constant(pinning, "204")?;
        let behind = informer.process.address();
        Ok(Self {
            gate: Nginx::shipped(pinning, behind, Some(ours.service.address()?))?,
            constant: Nginx::shipped(pinning, behind, Some(yes.process.address()))?,
            nobody: Nginx::shipped(pinning, behind, None)?,
            ours,
            informer,
            yes,
            requests,
        })
    }

    /// The three sides, each with so many connections.
    fn figures(&self, run: &Run<'_>, connections: usize) -> Result<Vec<Figures>> {
        let side = |name: &str, nginx: &Nginx, further: Option<u32>| Side {
            name: name.to_owned(),
            addresses: vec![nginx.process.address()],
            meter: Meter {
                service: [nginx.process.pid(), self.informer.process.pid()]
                    .into_iter()
                    .chain(further)
                    .collect(),
                ..Meter::default()
            },
            users: fetching(self.requests.clone(), connections, ANSWER, true),
            prepare: Box::new(|| Ok(())),
        };
        let mut sides = [
            side(GATE, &self.gate, Some(self.ours.service.pid()?)),
            side(CONSTANT, &self.constant, Some(self.yes.process.pid())),
            side(NOBODY, &self.nobody, None),
        ];
        let samples =
            interleave(&mut sides, run.rounds(), run.lasting()).map_err(|error| self.ours.service.explained(error))?;
        sides
            .iter()
            .zip(samples)
            .map(|(side, samples)| Figures::new(&side.name, samples))
            .collect()
    }
}

pub(crate) fn run(run: &Run<'_>) -> Result<Vec<Comparison>> {
    run.say("the gate behind nginx");
    let setting = Setting::new(run)?;
    let many = run.arguments.connections();
    let busy = setting.figures(run, many)?;
    let calm = setting.figures(run, 1)?;
    let mut findings = Vec::new();
    if let [gate, constant, nobody] = busy.as_slice() {
        findings.extend(gate.ratio(constant, RATE, Some(LEAST_RATE)));
        findings.extend(gate.ratio(nobody, RATE, None));
        findings.extend(gate.ratio(constant, CPU, None));
    }
    let mut added = Vec::new();
    if let [gate, constant, nobody] = calm.as_slice() {
        added.extend(more(gate, nobody, Some(MOST_ADDED)));
        added.extend(more(constant, nobody, None));
    }
    let together = "nginx, the service, and what stands for Informer share one core.";
    Ok(vec![
        Comparison {
            title: "The gate behind nginx, busy".into(),
            method: format!("{many} connections, each asking as fast as it is answered. {together}"),
            sides: busy,
            findings,
        },
        Comparison {
            title: "The gate behind nginx, one request at a time".into(),
            method: format!("One connection. {together}"),
            sides: calm,
            findings: added,
        },
    ])
}

/// How many microseconds longer than the other side's its middle request takes, round by round.
fn more(of: &Figures, than: &Figures, budget: Option<Budget>) -> Option<Finding> {
    let rounds = of.rounds.iter().zip(&than.rounds);
    Some(Finding {
        what: format!("p50 in microseconds, more than {}: {}", than.name, of.name),
        spread: Spread::of(rounds.map(|(of, than)| of.p50 - than.p50))?,
        budget,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::Histogram;
    use crate::measure::Sample;

    fn figures(name: &str, p50: [f64; 3]) -> Figures {
        let sample = |p50| Sample {
            requests: 1,
            seconds: 1.0,
            rate: 1.0,
            p50,
            p99: p50,
            longest: p50,
            cpu: 1.0,
            postgres_cpu: None,
            redis_cpu: None,
            refused: 0,
            latencies: Histogram::default(),
        };
        Figures::new(name, p50.map(sample).to_vec()).unwrap()
    }

    #[test]
    fn what_is_added_is_the_difference_of_rounds_side_by_side() {
        let (gate, nobody) = (
            figures("gate", [300.0, 410.0, 350.0]),
            figures("nobody", [100.0, 200.0, 160.0]),
        );
        let finding = more(&gate, &nobody, Some(MOST_ADDED)).unwrap();
        assert_eq!(
            (finding.spread.min, finding.spread.median, finding.spread.max),
            (190.0, 200.0, 210.0)
        );
    }

    #[test]
    fn the_shipped_configuration_has_what_is_changed_in_it() {
        for text in ADDRESSES.iter().chain(&[ASKS]) {
            assert_eq!(SHIPPED.matches(text).count(), 1, "{text}");
        }
    }
}
