//! How requests get to the service: whether the address that it counts a caller by is the caller's.

use std::net::IpAddr;

use anyhow::ensure;
use informer_oauth_domain::timestamp::Timestamp;
use serde::Deserialize;
use url::Url;

use super::{Findings, Standing};
use crate::{config::Config, outbound};

const CHECK: &str = "proxies";

/// An address that is nobody's (RFC 5737), for a caller to claim.
const NOBODY: &str = "192.0.2.1";

/// What the service saw of a request.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(super) struct Seen {
    peer: Option<String>,
    trusted: bool,
    forwarded: bool,
    address: Option<String>,
    refused_origin: Option<String>,
    time: String,
}

impl Seen {
    fn is_nobody(&self) -> bool {
        self.address.as_deref() == Some(NOBODY)
    }

    /// The `Origin` of a form that was refused in the last hour, because it is not the issuer's.
    pub(super) fn refused_origin(&self) -> Option<&str> {
        self.refused_origin.as_deref()
    }

    /// What time it was there.
    pub(super) fn time(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.time).ok()
    }
}

/// Asks through the issuer, plainly and with headers that a caller could forge; what was seen of the plain request.
pub(super) fn check(config: &Config, issuer: &str, pass: &str, findings: &mut Findings) -> Option<Seen> {
    let ask = |headers: &[(&str, &str)]| ask(issuer, pass, headers);
    let plain = match ask(&[]) {
        Ok(seen) => seen,
        Err(error) => {
            findings.add(CHECK, Standing::Warning, format!("not known: {error:#}"));
            return None;
        }
    };
    let forged = ask(&[("X-Forwarded-For", NOBODY)]);
    let standard = ask(&[("Forwarded", "for=192.0.2.1")]);
    let (forged, standard) = match (forged, standard) {
        (Ok(forged), Ok(standard)) => (forged, standard),
        (Err(error), _) | (_, Err(error)) => {
            findings.add(CHECK, Standing::Warning, format!("not known: {error:#}"));
            return Some(plain);
        }
    };
    let trusts = |address: &str| {
        let address = address.parse::<IpAddr>();
        address.is_ok_and(|address| config.http.networks().iter().any(|network| network.contains(address)))
    };
    let (standing, detail) = judge(&plain, &forged, &standard, trusts);
    findings.add(CHECK, standing, detail);
    Some(plain)
}

fn ask(issuer: &str, pass: &str, headers: &[(&str, &str)]) -> anyhow::Result<Seen> {
    let url = Url::parse(&format!("{issuer}/oauth/diagnosis"))?;
    let authorization = format!("Diagnosis {pass}");
    let headers = [&[("Authorization", authorization.as_str())], headers].concat();
    let answer = outbound::send(&url, "GET", &headers, &[])?;
    ensure!(
        answer.status == 200,
        "{url} answers {}: what answers there is not of this release, has another encryption key, or a clock that is more \
         than ten minutes off",
        answer.status
    );
    Ok(serde_json::from_slice(&answer.body)?)
}

fn judge(plain: &Seen, forged: &Seen, standard: &Seen, trusts: impl Fn(&str) -> bool) -> (Standing, String) {
    let peer = plain.peer.as_deref().unwrap_or("a socket");
    let address = plain.address.as_deref().unwrap_or("nobody");
    match (plain.trusted, plain.forwarded) {
        (false, true) => (
            Standing::Warning,
            format!(
                "{peer} says for whom it asks, and http.trusted_proxies does not name it: all callers count as {peer}, and \
                 share its attempt limits"
            ),
        ),
        (false, false) if !forged.forwarded => (
            Standing::Warning,
            format!("something on the way, at {peer} perhaps, takes X-Forwarded-For away: all callers count as {peer}"),
        ),
        (false, false) => (
            Standing::Ok,
            format!("none on the way from here: callers count as who connects ({peer})"),
        ),
        (true, false) if !forged.forwarded => (
            Standing::Warning,
            format!("{peer} is trusted, and sends no X-Forwarded-For: all callers count as {peer}"),
        ),
        (true, false) => (
            Standing::Ok,
            format!("none on the way from here; {peer} is trusted to be one itself, so others count by what it says"),
        ),
        (true, true) if forged.is_nobody() && trusts(address) => (
            Standing::Warning,
            format!(
                "{address}, from where this asks, is one of http.trusted_proxies: whom it names counts. Name only proxies there"
            ),
        ),
        (true, true) if forged.is_nobody() => (
            Standing::Failed,
            format!(
                "callers choose the address that they count as: {peer} hands X-Forwarded-For on as it came. Let it write the \
                 caller's address there"
            ),
        ),
        (true, true) if standard.address != plain.address => (
            Standing::Warning,
            format!(
                "{peer} hands a caller's Forwarded header on: whoever sends one counts as {peer}. Let it take that away"
            ),
        ),
        (true, true) => (
            Standing::Ok,
            format!("what comes through {peer} counts as its callers' ({address}), and what they claim does not"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(trusted: bool, forwarded: bool, address: &str) -> Seen {
        Seen {
            peer: Some("10.0.0.7".into()),
            trusted,
            forwarded,
            address: Some(address.into()),
            refused_origin: None,
            time: "2026-01-01T00:00:00.000Z".into(),
        }
    }

    fn judged(plain: &Seen, forged: &Seen, standard: &Seen) -> (Standing, String) {
        judge(plain, forged, standard, |address| address.starts_with("10."))
    }

    #[test]
    fn a_proxy_that_says_who_asks_and_is_believed_is_well() {
        let through = seen(true, true, "198.51.100.9");
        let (standing, detail) = judged(&through, &through, &through);
        assert_eq!(standing, Standing::Ok);
        assert!(
            detail.contains("10.0.0.7") && detail.contains("198.51.100.9"),
            "{detail}"
        );
    }

    #[test]
    fn without_a_proxy_callers_are_who_connects() {
        let direct = seen(false, false, "10.0.0.7");
        let claimed = seen(false, true, "10.0.0.7");
        assert_eq!(judged(&direct, &claimed, &claimed).0, Standing::Ok);
        let trusted = seen(true, false, "10.0.0.7");
        let believed = seen(true, true, NOBODY);
        assert_eq!(judged(&trusted, &believed, &believed).0, Standing::Ok);
    }

    #[test]
    fn a_proxy_that_is_not_named_or_does_not_say_who_asks_makes_all_callers_one() {
        let unnamed = seen(false, true, "10.0.0.7");
        let (standing, detail) = judged(&unnamed, &unnamed, &unnamed);
        assert_eq!(standing, Standing::Warning);
        assert!(detail.contains("http.trusted_proxies"), "{detail}");
        for silent in [seen(false, false, "10.0.0.7"), seen(true, false, "10.0.0.7")] {
            assert_eq!(judged(&silent, &silent, &silent).0, Standing::Warning);
        }
    }

    #[test]
    fn a_caller_that_can_choose_its_address_is_a_failure() {
        let through = seen(true, true, "198.51.100.9");
        let chosen = seen(true, true, NOBODY);
        assert_eq!(judged(&through, &chosen, &through).0, Standing::Failed);
        let counted_as_proxy = seen(true, true, "10.0.0.7");
        assert_eq!(judged(&through, &through, &counted_as_proxy).0, Standing::Warning);
        let from_within = seen(true, true, "10.0.0.9");
        assert_eq!(judged(&from_within, &chosen, &from_within).0, Standing::Warning);
    }
}
