//! Many uses of one code or refresh token at the same moment: whoever lets more than one through can be robbed by it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::grants::TOKEN_ENDPOINT;
use crate::load;
use crate::ours::{self, Ours};
use crate::peer::Peer;
use crate::report::Race;
use crate::run::Run;
use crate::users::{Code, Kept, Post, Stock};

const USES: usize = 20;
const BURSTS: usize = 10;
const PATIENCE: Duration = Duration::from_secs(30);

/// What is used again and again, and how.
struct Racer<'a> {
    name: &'a str,
    address: SocketAddr,
    post: Post,
    codes: Stock,
    grants: Kept,
}

/// Both races of the service, which must have one winner each time, and of the peer.
pub(crate) fn run(run: &Run<'_>, ours: &Ours, peer: Option<&Peer>) -> Result<Vec<Race>> {
    run.say("races");
    let own = Racer {
        name: ours::NAME,
        address: ours.service.address()?,
        post: ours.public.post(TOKEN_ENDPOINT),
        codes: Stock::default(),
        grants: Kept::default(),
    };
    ours.public.stock_up(&own.codes, BURSTS)?;
    ours.public.make(&own.grants, BURSTS)?;
    let mut races = own.races()?;
    for race in &races {
        ensure!(
            race.winners.iter().all(|winners| *winners == 1),
            "{}: {:?} winners, and never more or less than one is right",
            race.what,
            race.winners
        );
    }
    if let Some(peer) = peer {
        let client = Peer::client(false);
        let other = Racer {
            name: peer.name,
            address: peer.process.address(),
            post: Post::new("/token", &client),
            codes: Stock::default(),
            grants: Kept::default(),
        };
        peer.stock_up(&client, &other.codes, BURSTS)?;
        peer.make(&client, &other.grants, BURSTS)?;
        races.extend(other.races()?);
    }
    Ok(races)
}

impl Racer<'_> {
    fn races(&self) -> Result<Vec<Race>> {
        let code = |Code { code, further }: Code| {
            let mut request = Vec::new();
            let parameters = ["grant_type=authorization_code&code=", &code, "&", &further];
            self.post.write(&mut request, &parameters);
            request
        };
        let token = |token: String| {
            let mut request = Vec::new();
            let parameters = ["grant_type=refresh_token&refresh_token=", &token];
            self.post.write(&mut request, &parameters);
            request
        };
        let codes: Vec<Vec<u8>> = self.codes.borrow_mut().drain(..).map(code).collect();
        let tokens: Vec<Vec<u8>> = self.grants.refresh.borrow_mut().drain(..).map(token).collect();
        Ok(vec![
            self.race("one code", &codes)?,
            self.race("one refresh token", &tokens)?,
        ])
    }

    fn race(&self, what: &'static str, requests: &[Vec<u8>]) -> Result<Race> {
        let winners: Result<Vec<usize>> = requests.iter().map(|request| winners(self.address, request)).collect();
        Ok(Race {
            name: self.name.to_owned(),
            what,
            uses: USES,
            winners: winners.with_context(|| format!("{}, {what}", self.name))?,
        })
    }
}

/// Sends a request on many connections, the last byte of each as nearly at the same moment as can be; how many were
/// answered with tokens.
fn winners(address: SocketAddr, request: &[u8]) -> Result<usize> {
    let (last, before) = request.split_last().context("an empty request")?;
    let mut streams = Vec::with_capacity(USES);
    for _ in 0..USES {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(before)?;
        streams.push(stream);
    }
    for stream in &mut streams {
        stream.write_all(&[*last])?;
    }
    let mut winners = 0;
    for stream in &mut streams {
        match outcome(stream)? {
            (200, _) => winners += 1,
            (400, true) => {}
            (other, _) => bail!("an answer with the status {other}, which is no invalid_grant"),
        }
    }
    Ok(winners)
}

/// The status of an answer, and whether it is `invalid_grant` (RFC 6749 §5.2).
fn outcome(stream: &mut TcpStream) -> Result<(u16, bool)> {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        ensure!(count > 0, "the connection was closed without an answer");
        received.extend_from_slice(buffer.get(..count).unwrap_or_default());
        let told = |answer: &load::Answer<'_>| {
            let refused = answer.member("error").is_ok_and(|error| error == "invalid_grant");
            Ok((answer.status, refused))
        };
        if let Some(outcome) = load::read(&received, told)? {
            return Ok(outcome);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const REQUEST: [u8; 6] = *b"POST !";

    /// Answers so many with 200 and everybody else with another status.
    fn server(lucky: usize, others: &'static str, body: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let mut request = [0; REQUEST.len()];
                stream.read_exact(&mut request).unwrap();
                assert_eq!(request, REQUEST);
                let status = if number < lucky { "200 OK" } else { others };
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
            }
        });
        address
    }

    #[test]
    fn those_with_tokens_are_counted() {
        let refused = r#"{"error":"invalid_grant"}"#;
        assert_eq!(winners(server(3, "400 Bad Request", refused), &REQUEST).unwrap(), 3);
        assert!(winners(server(3, "400 Bad Request", r#"{"error":"invalid_request"}"#), &REQUEST).is_err());
        assert!(winners(server(3, "500 Internal Server Error", refused), &REQUEST).is_err());
    }
}
