//! The front page: who is signed in, and the way to the documentation.

use actix_web::HttpResponse;
use informer_oauth_application::SignedIn;

use super::{
    answer::{page, see_other},
    problem::Problem,
    views::{HomeView, UserView, Visitor},
    visit::Visit,
};

/// The front page.
pub(super) async fn show(visit: &Visit) -> Result<HttpResponse, Problem> {
    let visitor = match visit.signed_in().await? {
        Some(signed_in) => Visitor::SignedIn {
            user: UserView::from(&signed_in.user),
            switch: visit.switch(&signed_in, visit.here().as_ref()),
            superuser: signed_in.user.superuser,
        },
        None => Visitor::SignedOut {
            sign_in: sign_in_address(visit),
        },
    };
    Ok(page(
        HttpResponse::Ok(),
        &HomeView {
            site: &visit.site,
            visitor,
            problem: None,
        },
    ))
}

/// From the bare host to the front page.
pub(super) async fn to_front_page(visit: Visit) -> HttpResponse {
    see_other(&visit.site.path("/oauth"))
}

/// From another service's sign-in page the browser comes back here by the way that it is told; from our own, anyway.
fn sign_in_address(visit: &Visit) -> String {
    let elsewhere = !visit.app().sign_in.is_available();
    let back = elsewhere.then(|| visit.here()).flatten();
    visit.sign_in_address(back.as_ref())
}

/// The front page after a sign-out form that was too old: whoever leaves a shared computer must not be stuck.
pub(super) fn stale_sign_out(visit: &Visit, signed_in: &SignedIn) -> HttpResponse {
    let view = HomeView {
        site: &visit.site,
        visitor: Visitor::SignedIn {
            user: UserView::from(&signed_in.user),
            switch: visit.switch(signed_in, visit.here().as_ref()),
            superuser: signed_in.user.superuser,
        },
        problem: Some(
            "You are still signed in: that page was too old to sign you out. Please press Sign out once more.",
        ),
    };
    page(HttpResponse::Forbidden(), &view)
}
