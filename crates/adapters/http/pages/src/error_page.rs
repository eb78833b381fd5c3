//! The page that says why there is no other.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{ACCEPT, HeaderMap, RETRY_AFTER},
    },
    web,
};
use askama::Template;
use informer_oauth_domain::error::ErrorCode;
use informer_oauth_web::state::HttpState;

use super::{
    answer::page,
    brand::Brand,
    problem::{Message, Problem},
    site::Site,
    views::ActionView,
};

/// What is wrong, in words and in the terms of developers.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemView<'a> {
    site: &'a Site,
    title: &'a str,
    text: &'a str,
    hint: Option<&'a str>,
    action: Option<ActionView<'a>>,
    code: Option<&'a str>,
    parameter: Option<&'a str>,
    request_id: Option<&'a str>,
}

/// The page about a problem.
pub(super) fn show(site: &Site, problem: Problem, request_id: Option<&str>) -> HttpResponse {
    let Message {
        status,
        title,
        text,
        hint,
        action,
        code,
        parameter,
        retry_after,
    } = problem.message();
    let view = ProblemView {
        site,
        title,
        text: &text,
        hint,
        action: action.as_ref().map(|(href, label)| ActionView { href, label }),
        code: code.map(ErrorCode::as_str),
        parameter: parameter.as_deref(),
        request_id,
    };
    let mut response = HttpResponse::build(status);
    if let Some(seconds) = retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    page(response, &view)
}

/// The page about an error of the framework.
pub fn of_status(state: &HttpState, brand: &web::Data<Brand>, status: StatusCode, request_id: &str) -> HttpResponse {
    let site = Site::new(state.issuer(), brand.clone().into_inner());
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::NotFound,
        other => Problem::Status(other),
    };
    show(&site, problem, Some(request_id))
}

/// Whether a request for `path` comes from somebody who looks at a browser: it names HTML, and the path is no machine's.
pub fn is_wanted(path: &str, headers: &HeaderMap) -> bool {
    let for_machines = ["/api/", "/.well-known/", "/health/", "/oauth/verify", "/oauth/assets/"];
    !for_machines.iter().any(|prefix| path.starts_with(prefix)) && accepts_html(headers)
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).any(|line| {
        String::from_utf8_lossy(line.as_bytes()).split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_html = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("text/html"));
            is_html && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn page_is_for_browsers_at_addresses_for_people() {
        let wanted = |path: &str, accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                ACCEPT,
                HeaderValue::from_bytes(accept.as_bytes()).expect("fit for a header"),
            );
            is_wanted(path, &headers)
        };
        let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for path in ["/nothing", "/oauth/nothing", "/oauth/token", "/oauth/admin/x"] {
            assert!(wanted(path, chromium), "{path}");
            assert!(wanted(path, "é, TEXT/HTML;q=0.1"), "{path}");
            for other in ["*/*", "application/json", "text/html;q=0", ""] {
                assert!(!wanted(path, other), "{path} {other}");
            }
        }
        for path in [
            "/api/nothing",
            "/.well-known/jwks.json",
            "/oauth/verify/x",
            "/health/live",
        ] {
            assert!(!wanted(path, chromium), "{path}");
        }
    }
}
