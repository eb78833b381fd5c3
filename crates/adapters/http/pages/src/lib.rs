//! The pages that people see (http-api.md §2 and §5), and the authorization endpoint's JSON twin.
//!
//! Rendered on the server from `templates/`, with the style sheet and the script of `assets/` in the program. They work
//! without JavaScript, hold nothing inline and fetch nothing from elsewhere.

mod admin;
mod answer;
mod applications;
mod asset_endpoint;
mod assets;
mod authorize;
mod authorize_api;
pub mod brand;
mod canonical;
mod choice;
mod device;
mod device_api;
pub mod error_page;
mod home;
mod problem;
mod qr;
mod return_path;
mod sign_in;
mod site;
mod trips;
mod views;
mod visit;

use actix_web::{http::Method, web::Payload};
use informer_oauth_web::endpoint::{Endpoint, EndpointClass};

use self::visit::Visit;

/// Makes a handler of a page. If the function fails, the answer is the page about the problem.
macro_rules! page {
    ($page:path) => {
        async |visit: Visit| {
            let answer = $page(&visit).await;
            visit.finish(answer)
        }
    };
}

/// Makes a handler of a form's action, in the same way.
macro_rules! form {
    ($action:path) => {
        async |visit: Visit, payload: Payload| {
            let answer = $action(&visit, payload).await;
            visit.finish(answer)
        }
    };
}

/// The rows of the route table.
pub fn endpoints() -> Vec<Endpoint> {
    use Endpoint as E;
    use EndpointClass as Class;
    let (get, post) = (Method::GET, Method::POST);
    let mut endpoints = vec![
        E::new(get.clone(), "/", Class::INFORMER, home::to_front_page),
        E::new(get.clone(), "/oauth", Class::INFORMER, page!(home::show)),
        E::new(get.clone(), "/oauth/", Class::OAUTH, page!(home::show)),
        E::new(get.clone(), "/oauth/assets/{name}", Class::OAUTH, asset_endpoint::serve),
        E::new(get.clone(), "/oauth/sign-in", Class::OAUTH, page!(sign_in::show)),
        E::new(post.clone(), "/oauth/sign-in", Class::OAUTH, form!(sign_in::submit)),
        E::new(post, "/oauth/sign-out", Class::OAUTH, form!(sign_in::sign_out)),
        E::documented(authorize::__path_ask, Class::OAUTH, page!(authorize::ask)),
        E::documented(authorize::__path_decide, Class::OAUTH, form!(authorize::decide)),
        E::documented(authorize_api::__path_details, Class::INFORMER, authorize_api::details),
        E::documented(authorize_api::__path_decide, Class::INFORMER, authorize_api::decide),
        E::documented(applications::__path_show, Class::OAUTH, page!(applications::show)),
        E::documented(applications::__path_submit, Class::OAUTH, form!(applications::submit)),
        E::documented(device::__path_show, Class::OAUTH, page!(device::show)),
        E::documented(device::__path_submit, Class::OAUTH, form!(device::submit)),
        E::documented(qr::__path_picture, Class::OAUTH, qr::picture),
        E::documented(device_api::__path_find, Class::INFORMER, device_api::find),
        E::documented(device_api::__path_decide, Class::INFORMER, device_api::decide),
    ];
    endpoints.extend(admin::endpoints());
    endpoints
}
