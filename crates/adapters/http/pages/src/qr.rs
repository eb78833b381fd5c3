//! The device page's address as a QR code, for clients that can show a picture but not draw one.

use std::fmt::Write as _;

use actix_web::{
    HttpRequest,
    http::header::{CONTENT_SECURITY_POLICY, HeaderValue},
};
use informer_oauth_domain::{device::UserCode, error::ErrorCode};
use informer_oauth_web::endpoint::DEVICE_PAGE;
use informer_oauth_web::{
    document::Document,
    parameters,
    protocol_error::{ProtocolErrorBody, ProtocolErrorResponse, ProtocolResult},
    state::HttpState,
};
use qrcode::{Color, QrCode};

/// The light edge that readers need, in modules (ISO/IEC 18004 §6.3.8).
const QUIET_ZONE: usize = 4;

/// Opened as a page of its own, it runs nothing and fetches nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// The picture. It says what the caller knows already: whether a device waits under the code is not looked up.
#[utoipa::path(
    get,
    path = "/oauth/device/qr.svg",
    tag = "OAuth",
    summary = "The device page's address as a QR code",
    description = "`verification_uri_complete` for a picture on the device's screen; `verification_uri` when `code` is left out.",
    params(("code" = Option<String>, Query, description = "The user code")),
    responses(
        (status = 200, description = "The picture, black on white", content_type = "image/svg+xml"),
        (status = 304, description = "It is as `If-None-Match` says"),
        (status = 400, description = "`code` cannot be a user code", body = ProtocolErrorBody),
    ),
    security(()),
)]
pub(super) async fn picture(request: HttpRequest) -> ProtocolResult {
    let state = HttpState::of(&request);
    let parameters = parameters::from_query(&request)?;
    let mut address = state.url(DEVICE_PAGE);
    if let Some(code) = parameters.get("code")? {
        let code: UserCode = code
            .parse()
            .map_err(|_| ErrorCode::InvalidRequest.because("The code cannot be a user code."))?;
        address = format!("{address}?code={code}");
    }
    let svg = svg(&address).ok_or_else(|| {
        ProtocolErrorResponse::http(
            actix_web::http::StatusCode::INTERNAL_SERVER_ERROR,
            "The address is too long for a QR code.",
        )
    })?;
    let mut answer = Document::new(svg, "image/svg+xml", "public, max-age=3600").answer(request.headers());
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    Ok(answer)
}

/// A text as a QR code; `None` of one that is too long, about two kilobytes. Dark modules are drawn in runs, so that there
/// are no seams between them at any size.
fn svg(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    let width = code.width();
    let size = width + 2 * QUIET_ZONE;
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            let length = run.len();
            if run.first() == Some(&Color::Dark) {
                let (x, y) = (x + QUIET_ZONE, y + QUIET_ZONE);
                write!(path, "M{x} {y}h{length}v1h-{length}z").ok()?;
            }
            x += length;
        }
    }
    Some(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="240" height="240" viewBox="0 0 {size} {size}" role="img" shape-rendering="crispEdges"><title>QR code of the page that connects a device</title><path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>"##
    ))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://bi.example.com/oauth/device?code=BKFT-DNLZ";

    /// The dark places of a picture, drawn again from its path.
    fn drawn(svg: &str) -> Vec<(usize, usize)> {
        let path = svg.rsplit("d=\"").next().unwrap().split('"').next().unwrap();
        let mut dark = Vec::new();
        for run in path.split('M').skip(1) {
            let (place, rest) = run.split_once('h').unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let length: usize = rest.split('v').next().unwrap().parse().unwrap();
            dark.extend((x..x + length).map(|x| (x, y)));
        }
        dark
    }

    #[test]
    fn every_module_is_drawn_where_it_belongs_with_an_edge_around() {
        let code = QrCode::new(ADDRESS).unwrap();
        let width = code.width();
        let mut expected = Vec::new();
        for y in 0..width {
            for x in 0..width {
                if code[(x, y)] == Color::Dark {
                    expected.push((x + QUIET_ZONE, y + QUIET_ZONE));
                }
            }
        }
        let svg = svg(ADDRESS).unwrap();
        assert_eq!(drawn(&svg), expected);
        assert!(svg.contains(&format!("viewBox=\"0 0 {0} {0}\"", width + 8)), "{svg}");
        assert!(svg.len() < 10_000, "{}", svg.len());
    }

    #[test]
    fn an_address_that_no_code_can_hold_is_no_panic() {
        assert_eq!(svg(&"x".repeat(10_000)), None);
        assert!(svg("").is_some());
    }
}
