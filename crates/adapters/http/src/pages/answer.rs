//! Pages and redirects as answers.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE},
};
use askama::Template;

/// A page, in an answer that may have headers already. `target` is where its forms may lead to besides this site.
pub(super) fn page(mut response: HttpResponseBuilder, view: &impl Template, target: Option<&str>) -> HttpResponse {
    match view.render() {
        Ok(html) => response
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((CONTENT_SECURITY_POLICY, content_security_policy(target)))
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
///
/// Chromium holds the redirects that follow a form to `form-action` too. So a form after which the browser may be sent to
/// a client has to name that place: `target` is the source expression of a verified redirect URI.
fn content_security_policy(target: Option<&str>) -> String {
    let separator = if target.is_some() { " " } else { "" };
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
         form-action 'self'{separator}{}; frame-ancestors 'none'; base-uri 'none'",
        target.unwrap_or_default(),
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use informer_oauth_domain::redirect_uri::{RedirectUri, VerifiedRedirect};

    use super::*;

    fn form_action(redirect_uri: &str) -> String {
        let registered = [RedirectUri::register(redirect_uri, &[]).unwrap()];
        let redirect = VerifiedRedirect::only(&registered).unwrap();
        let policy = content_security_policy(Some(&redirect.origin_for_csp()));
        let directive = policy
            .split("; ")
            .find(|directive| directive.starts_with("form-action"))
            .unwrap();
        directive.to_owned()
    }

    #[test]
    fn forms_reach_this_site_and_the_one_place_that_follows() {
        assert_eq!(
            form_action("https://app.example.com:8443/cb?a=b"),
            "form-action 'self' https://app.example.com:8443"
        );
        assert_eq!(
            form_action("http://127.0.0.1:5000/cb"),
            "form-action 'self' http://127.0.0.1:5000"
        );
        assert_eq!(
            form_action("com.example.app:/cb"),
            "form-action 'self' com.example.app:"
        );
    }

    #[test]
    fn nothing_is_allowed_inline_framed_or_from_elsewhere() {
        assert_eq!(
            content_security_policy(None),
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        );
    }
}
