//! The pages that people see (http-api.md §2 and §5), and the authorization endpoint's JSON twin.
//!
//! Rendered on the server from `templates/`, with the style sheet and the script of `assets/` in the program. They work
//! without JavaScript, hold nothing inline and fetch nothing from elsewhere.

mod admin;
mod answer;
mod applications;
mod assets;
mod authorize;
mod authorize_api;
mod canonical;
mod choice;
mod cookies;
mod device;
mod device_api;
pub(crate) mod error_page;
mod home;
mod problem;
mod qr;
mod return_path;
mod sign_in;
mod site;
mod trips;
mod views;
mod visit;

use actix_web::web;
use utoipa::OpenApi;

pub(crate) use assets::Assets;
pub use cookies::cookie_suffix;

/// What the OpenAPI document says of the pages' endpoints.
#[derive(OpenApi)]
#[openapi(
    paths(
        authorize::ask,
        authorize::decide,
        authorize_api::details,
        authorize_api::decide,
        device::show,
        device::submit,
        qr::picture,
        applications::show,
        applications::submit,
        device_api::find,
        device_api::decide
    ),
    components(schemas(
        authorize_api::AuthorizationDetails,
        authorize_api::Decision,
        authorize_api::Onward,
        authorize_api::RefusedRequest,
        device_api::TypedCode,
        device_api::DeviceDetails,
        device_api::DeviceDecision
    ))
)]
pub struct PagesApi;

/// The pages' routes.
pub fn configure(routes: &mut web::ServiceConfig) {
    routes
        .route("/", web::get().to(home::to_front_page))
        .route("/oauth", web::get().to(home::show))
        .route("/oauth/", web::get().to(home::show))
        .service(web::resource("/oauth/assets/{name}").get(assets::serve))
        .service(web::resource("/oauth/sign-in").get(sign_in::show).post(sign_in::submit))
        .service(web::resource("/oauth/sign-out").post(sign_in::sign_out))
        .service(
            web::resource("/oauth/authorize")
                .get(authorize::ask)
                .post(authorize::decide),
        )
        .service(
            web::resource("/api/oauth/authorize")
                .get(authorize_api::details)
                .post(authorize_api::decide),
        )
        .service(
            web::resource("/oauth/applications")
                .get(applications::show)
                .post(applications::submit),
        )
        .service(web::resource("/oauth/device").get(device::show).post(device::submit))
        .service(web::resource("/oauth/device/qr.svg").get(qr::picture))
        .service(web::resource("/api/oauth/device_user_code").post(device_api::find))
        .service(web::resource("/api/oauth/authorize_device").post(device_api::decide))
        .configure(admin::configure);
}
