//! A client's icon: set by a form with a file in it, removed by one without.

use actix_web::{HttpResponse, http::StatusCode, web::Payload};
use informer_oauth_application::error::ManagementError;
use informer_oauth_domain::{icon::IconError, id::ClientRef, parameters::Parameters};
use informer_oauth_web::body::{self, BodyError};

use super::{
    client::{present, with_icon_problem},
    console::Console,
    frame::{Notice, path_of},
    multipart::Multipart,
    stop::{Answer, finish},
};
use crate::visit::Visit;

/// How much longer than the file the form is at most.
const AROUND_THE_FILE: usize = 8 * 1024;

const TOO_LARGE: &str = "This file is too large: an icon has at most 256 KiB.";

/// The form with the file.
pub(super) async fn upload(visit: Visit, payload: Payload) -> HttpResponse {
    let answer = set(&visit, payload).await;
    finish(&visit, answer)
}

async fn set(visit: &Visit, payload: Payload) -> Answer {
    let console = Console::enter_to_write(visit).await?;
    let administrator = console.administrator()?;
    let limit = visit.state.settings.max_icon_body_bytes;
    let sent = match body::read(&visit.request, payload, limit.saturating_add(AROUND_THE_FILE)).await {
        Ok(sent) => sent,
        Err(BodyError::TooLarge) => {
            return with_icon_problem(&console, StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE).await;
        }
        Err(error) => return Err(error.into()),
    };
    let form = Multipart::read(visit.request.headers(), &sent)?;
    if !console.redeems(form.text("form")).await? {
        return Err(console.stale());
    }
    let image = form.get("icon").unwrap_or_default();
    if image.is_empty() {
        return with_icon_problem(&console, StatusCode::BAD_REQUEST, "Choose a file first.").await;
    }
    if image.len() > limit {
        return with_icon_problem(&console, StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE).await;
    }
    let client = present(&console).await?;
    let done = console
        .manage()
        .set_icon(
            administrator,
            ClientRef::Uid(client.uid),
            image.to_vec(),
            &console.context(),
        )
        .await;
    match done {
        Ok(()) => Ok(console.goes_to(&path_of(&client), Notice::IconSet)),
        Err(ManagementError::Icon(error)) => {
            let (status, words) = refusal(error);
            with_icon_problem(&console, status, words).await
        }
        Err(error) => Err(error.into()),
    }
}

fn refusal(error: IconError) -> (StatusCode, &'static str) {
    match error {
        IconError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE),
        IconError::Dimensions => (
            StatusCode::BAD_REQUEST,
            "This picture is too large: an icon is 1 to 4096 pixels wide and high.",
        ),
        _ => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "This is not a PNG, JPEG, WebP or GIF picture, or it carries something else along.",
        ),
    }
}

/// The form that takes the icon away.
pub(super) async fn delete(console: &Console<'_>, _: &Parameters) -> Answer {
    let client = present(console).await?;
    console
        .manage()
        .delete_icon(console.administrator()?, ClientRef::Uid(client.uid), &console.context())
        .await?;
    Ok(console.goes_to(&path_of(&client), Notice::IconRemoved))
}
