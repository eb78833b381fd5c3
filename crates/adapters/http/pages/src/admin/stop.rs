//! Why a page of the console is not shown or a form not obeyed, and what is said instead.

use actix_web::{HttpResponse, http::StatusCode};
use informer_oauth_application::error::{Fault, ManagementError};
use informer_oauth_web::body::BodyError;

use crate::{
    answer::page,
    problem::Problem,
    return_path::ReturnPath,
    views::{ActionView, MessageView},
    visit::Visit,
};

/// Why a page of the console is not shown or a form not obeyed.
pub(super) enum Stop {
    /// The browser signs in first, and comes back to this page.
    SignedOut(Option<ReturnPath>),
    /// A page says why.
    Problem(Problem),
}

/// What a page or an action comes to.
pub(super) type Answer = Result<HttpResponse, Stop>;

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ManagementError> for Stop {
    fn from(error: ManagementError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Problem(fault.into())
    }
}

impl From<BodyError> for Stop {
    fn from(error: BodyError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<ManagementError> for Problem {
    /// What no form has a place for beside a field.
    fn from(error: ManagementError) -> Self {
        match error {
            ManagementError::NotFound(_) => Self::NotFound,
            ManagementError::Forbidden(missing) => Self::Forbidden(missing),
            ManagementError::Fault(fault) => Self::Fault(fault),
            ManagementError::Stale => Self::NotDone {
                status: StatusCode::PRECONDITION_FAILED,
                reason: error.to_string(),
            },
            ManagementError::Conflict(_) => Self::NotDone {
                status: StatusCode::CONFLICT,
                reason: error.to_string(),
            },
            ManagementError::InvalidClient(_) | ManagementError::InvalidValue { .. } | ManagementError::Icon(_) => {
                Self::NotDone {
                    status: StatusCode::BAD_REQUEST,
                    reason: error.to_string(),
                }
            }
        }
    }
}

/// The answer, or the page that says why there is none.
pub(super) fn finish(visit: &Visit, answer: Answer) -> HttpResponse {
    match answer {
        Ok(response) => response,
        Err(Stop::SignedOut(back)) => visit.finish(visit.to_sign_in(back.as_ref())),
        Err(Stop::Problem(Problem::NotFound)) => not_found(visit),
        Err(Stop::Problem(problem)) => visit.finish(Err(problem)),
    }
}

/// To somebody who may know that it is not there, and wants to go on.
fn not_found(visit: &Visit) -> HttpResponse {
    let view = MessageView {
        site: &visit.site,
        title: "Nothing here",
        text: "There is nothing at this address of the console. Perhaps it was deleted.",
        hint: None,
        action: Some(ActionView {
            href: &visit.site.path("/oauth/admin"),
            label: "To the console",
        }),
    };
    page(HttpResponse::NotFound(), &view)
}
