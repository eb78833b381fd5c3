//! Pages and redirects as answers.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE},
};
use askama::Template;

/// A page whose forms end on this site, in an answer that may have headers already.
pub(super) fn page(response: HttpResponseBuilder, view: &impl Template) -> HttpResponse {
    answer(response, view, POLICY)
}

/// A page whose form may end at a client. Chromium applies `form-action` to every redirect that follows a form, also to those
/// that the client's own callback answers with, which nobody here can know: so there is none.
pub(super) fn page_to_client(response: HttpResponseBuilder, view: &impl Template) -> HttpResponse {
    answer(response, view, POLICY_TO_CLIENT)
}

fn answer(mut response: HttpResponseBuilder, view: &impl Template, policy: &'static str) -> HttpResponse {
    match view.render() {
        Ok(html) => response
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((CONTENT_SECURITY_POLICY, policy))
            .body(html),
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Sends the browser elsewhere by GET, so that what it posted here is not posted on (RFC 9700 §4.12).
pub(super) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

/// The same, with a cookie.
pub(super) fn see_other_with(cookie: HeaderValue, location: &str) -> HttpResponse {
    let mut response = see_other(location);
    response.headers_mut().insert(SET_COOKIE, cookie);
    response
}

/// Everything from this origin, nothing inline, never framed (RFC 9700 §4.16), and forms that may only be sent here.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// The same for forms that may end elsewhere. Markup in a page could send its form anywhere, but templates escape every text.
const POLICY_TO_CLIENT: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
                                frame-ancestors 'none'; base-uri 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_differ_in_form_action_only() {
        assert_eq!(POLICY.replace("form-action 'self'; ", ""), POLICY_TO_CLIENT);
        assert!(POLICY.contains("form-action 'self'") && !POLICY_TO_CLIENT.contains("form-action"));
    }
}
