//! A resource server that lets a request pass when its token's scope reaches that far, on the standard library alone.
use informer_oauth_domain::{path::NormalPath, route::RouteTable, scope::ScopeSet};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::{collections::HashMap, error::Error, net::TcpListener, net::TcpStream};

/// Whose a token is, and its scope. A real server verifies a JWT by the issuer's keys, or asks by introspection.
pub(crate) type Tokens = HashMap<&'static str, (&'static str, ScopeSet)>;

/// The status of the answer to a request with this head.
pub(crate) fn judge(tokens: &Tokens, head: &str) -> &'static str {
    let mut line = head.split([' ', '\r']);
    let (Some(method), Some(Ok(path))) = (line.next(), line.next().map(NormalPath::parse)) else {
        return "400 Bad Request";
    };
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    let authorization = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let token = authorization.and_then(|(_, value)| value.strip_prefix("Bearer "));
    match token.and_then(|token| tokens.get(token)) {
        None => "401 Unauthorized\r\nWWW-Authenticate: Bearer",
        Some((user, scope)) if RouteTable::informer().judge(method, &path, user, *scope).is_allowed() => "200 OK",
        Some(_) => "403 Forbidden",
    }
}

pub(crate) fn answer(tokens: &Tokens, stream: &TcpStream) -> io::Result<()> {
    let (mut head, mut reader) = (String::new(), BufReader::new(stream.take(16_384)));
    while reader.read_line(&mut head)? > 2 {}
    let status = format!("HTTP/1.1 {}\r\nContent-Length: 0\r\n\r\n", judge(tokens, &head));
    (&mut &*stream).write_all(status.as_bytes())
}

fn main() -> Result<(), Box<dyn Error>> {
    let tokens = HashMap::from([("mF_9.B5f-4.1JqM", ("ada", "read:dataset".parse()?))]);
    for stream in TcpListener::bind("127.0.0.1:9090")?.incoming() {
        answer(&tokens, &stream?)?;
    }
    Ok(())
}
