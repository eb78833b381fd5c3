//! A resource server that takes this service's access tokens. It checks them without asking the service, by the JWKS,
//! and then judges their scope by the route table that the gate uses.
//!
//! ```sh
//! cargo run --example resource_server -- http://127.0.0.1:8787
//! curl -H "Authorization: Bearer $ACCESS_TOKEN" http://127.0.0.1:9090/api/datasets/sales
//! ```
//!
//! The keys are fetched once, at the start; a server that runs for long fetches them again when it meets an unknown
//! `kid`. Tokens without `exp` are refused: they can end at any time, so only introspection can tell.

use std::{env, error::Error, time::SystemTime};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt::System, web};
use informer_oauth_domain::{path::NormalPath, route::RouteTable, route::Verdict, scope::ScopeSet};
use josekit::{jwk::JwkSet, jws::ES256, jwt};

const BEARER: (&str, &str) = ("WWW-Authenticate", "Bearer");

/// The token's user and scope, if it is an access token that the issuer signed for us and that is not over (RFC 9068 §4).
#[expect(clippy::disallowed_methods, reason = "a program of its own, without a clock port")]
fn check(issuer: &str, keys: &JwkSet, token: &str) -> Option<(String, ScopeSet)> {
    let kid = jwt::decode_header(token).ok()?.claim("kid")?.as_str()?.to_owned();
    let verifier = ES256.verifier_from_jwk(keys.get(&kid).into_iter().next()?).ok()?;
    let (claims, header) = jwt::decode_with_verifier(token, &verifier).ok()?;
    let is_ours = header.token_type() == Some("at+jwt") && claims.issuer() == Some(issuer);
    let is_for_us = claims.audience()?.contains(&issuer) && claims.expires_at()? > SystemTime::now();
    let scope = claims.claim("scope")?.as_str()?.parse().ok()?;
    (is_ours && is_for_us).then_some((claims.subject()?.to_owned(), scope))
}

async fn answer(request: HttpRequest, trusted: web::Data<(String, JwkSet)>) -> HttpResponse {
    let header = request.headers().get("Authorization");
    let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some((user, scope)) = token.and_then(|token| check(&trusted.0, &trusted.1, token)) else {
        return HttpResponse::Unauthorized().insert_header(BEARER).finish();
    };
    let Ok(path) = NormalPath::parse(request.path()) else {
        return HttpResponse::BadRequest().finish();
    };
    match RouteTable::informer().judge(request.method().as_str(), &path, &user, scope) {
        Verdict::Allowed { .. } => HttpResponse::Ok().body(format!("hello, {user}\n")),
        refused @ (Verdict::Insufficient { .. } | Verdict::Ambiguous { .. }) => {
            HttpResponse::Forbidden().body(format!("{refused}\n"))
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let issuer = env::args().nth(1).ok_or("which issuer?")?;
    let address = env::args().nth(2).unwrap_or_else(|| "127.0.0.1:9090".into());
    let keys = reqwest::blocking::get(format!("{issuer}/.well-known/jwks.json"))?;
    let trusted = web::Data::new((issuer, JwkSet::from_bytes(keys.error_for_status()?.bytes()?)?));
    let app = move || App::new().app_data(trusted.clone()).default_service(web::to(answer));
    let server = HttpServer::new(app).workers(1).bind(address)?;
    println!("listening on http://{}", server.addrs()[0]);
    Ok(System::new().block_on(server.run())?)
}
