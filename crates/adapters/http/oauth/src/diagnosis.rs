//! What the service sees of a request, for `doctor`: through which proxy it came, and from whom.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, FORWARDED, HeaderValue},
};
use informer_oauth_web::{
    address::{Address, X_FORWARDED_FOR},
    context::RequestTime,
    parameters::JSON,
    protocol_error::json_bytes,
    state::HttpState,
};
use serde::Serialize;

/// The scheme under which a pass is presented.
const SCHEME: &str = "Diagnosis ";

/// How a request got here.
#[derive(Serialize)]
struct Seen {
    /// Who holds the other end of the connection.
    peer: Option<String>,
    /// Whether that is one of the proxies whose headers count.
    trusted: bool,
    /// Whether there is a header that names the caller.
    forwarded: bool,
    /// Whom limits and the audit log take for the caller.
    address: Option<String>,
    /// The `Origin` of a form that was refused in the last hour, because it is not the issuer's.
    refused_origin: Option<String>,
    /// What time it is here.
    time: String,
}

/// For whoever has a pass; for everybody else there is nothing here.
pub(crate) async fn diagnosis(request: HttpRequest) -> HttpResponse {
    let state = HttpState::of(&request);
    let now = RequestTime::of(&request).0;
    let headers = request.headers();
    let pass = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let pass = pass.and_then(|value| value.strip_prefix(SCHEME));
    if !pass.is_some_and(|pass| state.app.diagnosis.admits(pass, now)) {
        return HttpResponse::NotFound().finish();
    }
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let seen = Seen {
        peer: peer.map(|peer| peer.to_string()),
        trusted: peer.is_some_and(|peer| {
            let proxies = &state.settings.trusted_proxies;
            proxies.iter().any(|network| network.contains(peer))
        }),
        forwarded: headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED),
        address: Address::of(&request).0.map(|address| address.to_string()),
        refused_origin: state.refused_origin(now),
        time: now.to_string(),
    };
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HeaderValue::from_static(JSON)))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .body(json_bytes(&seen))
}
