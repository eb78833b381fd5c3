//! The device page (RFC 8628 §3.3): sign in, enter or confirm the code, see who asks from where, decide.
//!
//! A link with the code in it only fills the code in: the person has to say that their device shows the same one before
//! they see who asks (§5.4). Nothing is looked up before that, and the decision's form is good for that code alone.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web,
};
use informer_oauth_application::{
    SignedIn,
    decide_device_authorization::{DeviceError, Verdict, WaitingDevice},
};
use informer_oauth_domain::{device::UserCode, parameters::Parameters, user::InPerson};
use informer_oauth_web::endpoint::DEVICE_PAGE;
use informer_oauth_web::{parameters, protocol_error::whole_seconds};

use super::{
    answer::page,
    choice::Choice,
    problem::{Problem, in_words},
    return_path::ReturnPath,
    views::{ClientView, DeviceCodeView, DeviceDecisionView, MessageView, OriginView, ScopeView, UserView},
    visit::Visit,
};

/// What the token of the code's form is about.
const ENTER: &[u8] = b"device-code";

const MISSING: &str = "Enter the code that your device shows.";
const STALE: &str = "This page was open for too long or has been used before. Please continue once more.";
const UNKNOWN: &str = "No device is waiting under this code. Check each letter. If they are right, the code has run out \
                       or was used before: let your device show a new one.";
const DECIDED: &str = "This code has been answered already. To connect another device, let it show a new code.";
const NOTHING_GRANTED: &str = "Tick at least one of these, or press Deny.";

/// The most of what somebody typed that is shown to them again, in bytes.
const LONGEST_ECHO: usize = 64;

/// What the token of a decision's form is about.
fn decision_context(code: UserCode) -> Vec<u8> {
    [b"device-decision\0", code.to_string().as_bytes()].concat()
}

/// The page's address, with the code where there is one.
fn address(visit: &Visit, code: Option<UserCode>) -> String {
    let path = visit.site.path(DEVICE_PAGE);
    code.map_or_else(|| path.clone(), |code| format!("{path}?code={code}"))
}

/// The form for the code.
#[utoipa::path(
    get,
    path = "/oauth/device",
    tag = "Authorization",
    summary = "Connect a device (RFC 8628 §3.3)",
    description = "A page for browsers. Signed out, the browser is sent to sign in first. With `code`, the person is asked whether \
                   their device shows it; otherwise to enter it.",
    params(("code" = Option<String>, Query, description = "The user code")),
    responses(
        (status = 200, description = "The form for the code", content_type = "text/html"),
        (status = 303, description = "To the sign-in page"),
    ),
)]
pub(super) async fn show(visit: &Visit) -> Result<HttpResponse, Problem> {
    let query = parameters::from_query(&visit.request).unwrap_or_default();
    let code = query.get("code").ok().flatten().and_then(|code| code.parse().ok());
    let Some(signed_in) = visit.signed_in().await? else {
        let back = ReturnPath::parse(&address(visit, code));
        return visit.to_sign_in(back.as_ref());
    };
    let asking = code.map_or(Asking::ForCode, Asking::Whether);
    Ok(code_page(visit, &signed_in, &asking))
}

/// How the code is asked for.
enum Asking<'a> {
    /// What is it?
    ForCode,
    /// Is it this one?
    Whether(UserCode),
    /// Once more, because something is wrong with what was sent.
    Again {
        typed: &'a str,
        status: StatusCode,
        problem: String,
        /// In seconds.
        retry_after: Option<u64>,
    },
}

impl<'a> Asking<'a> {
    fn again(status: StatusCode, problem: impl Into<String>, typed: &'a str) -> Self {
        Self::Again {
            typed,
            status,
            problem: problem.into(),
            retry_after: None,
        }
    }
}

fn code_page(visit: &Visit, signed_in: &SignedIn, asking: &Asking<'_>) -> HttpResponse {
    let code = match asking {
        Asking::ForCode => None,
        Asking::Whether(code) => Some(*code),
        Asking::Again { typed, .. } => typed.parse().ok(),
    };
    let mut response = HttpResponse::Ok();
    let mut typed = code.map(|code| code.to_string()).unwrap_or_default();
    let mut problem = None;
    if let Asking::Again {
        typed: sent,
        status,
        problem: sentence,
        retry_after,
    } = asking
    {
        response = HttpResponse::build(*status);
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, *seconds));
        }
        if typed.is_empty() && sent.len() <= LONGEST_ECHO {
            (*sent).clone_into(&mut typed);
        }
        problem = Some(sentence.as_str());
    }
    let view = DeviceCodeView {
        site: &visit.site,
        user: UserView::from(&signed_in.user),
        switch: visit.switch(signed_in, visit.here().as_ref()),
        confirms: matches!(asking, Asking::Whether(_)),
        code: &typed,
        problem,
        again: &address(visit, code),
        form: visit.app().forms.issue(&signed_in.session, ENTER, visit.now),
    };
    page(response, &view)
}

/// The code, or the decision.
#[utoipa::path(
    post,
    path = "/oauth/device",
    tag = "Authorization",
    summary = "The device page's forms",
    description = "First `user_code` and `form` as the page gave it: the answer is the page that shows the device. Then that page's \
                   `user_code` and `form` with `decision` (`allow` or `deny`), and `scope`, once for each scope that is granted. Each \
                   form is good for one submission, by the session that it was shown to, from a page of this site.",
    responses(
        (status = 200, description = "The device that waits, or that it has been decided", content_type = "text/html"),
        (status = 400, description = "No code, no decision, or nothing granted", content_type = "text/html"),
        (status = 403, description = "Not from this site, or a form token that is missing, used or another session's", content_type = "text/html"),
        (status = 404, description = "No such code, or it is over or decided", content_type = "text/html"),
        (status = 409, description = "Somebody has decided already", content_type = "text/html"),
        (status = 429, description = "Too many wrong codes; see Retry-After", content_type = "text/html"),
    ),
)]
pub(super) async fn submit(visit: &Visit, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let fields = visit.form(payload).await?;
    let typed = fields.get("user_code").ok().flatten().unwrap_or_default().trim();
    let code: Option<UserCode> = typed.parse().ok();
    let stale = || Problem::StaleForm {
        again: Some(address(visit, code)),
    };
    let signed_in = visit.signed_in().await?.ok_or_else(stale)?;
    let token = fields.get("form").ok().flatten().unwrap_or_default();
    if !fields.contains("decision") {
        return look_up(visit, &signed_in, typed, token).await;
    }
    let user = visit.in_person(&signed_in).await?;
    let code = code.ok_or_else(stale)?;
    let forms = &visit.app().forms;
    if !forms
        .redeem(token, &signed_in.session, &decision_context(code), visit.now)
        .await?
    {
        return Err(stale());
    }
    decide(visit, &signed_in, &user, code, &fields).await
}

async fn look_up(visit: &Visit, signed_in: &SignedIn, typed: &str, token: &str) -> Result<HttpResponse, Problem> {
    if typed.is_empty() {
        let asking = Asking::again(StatusCode::BAD_REQUEST, MISSING, typed);
        return Ok(code_page(visit, signed_in, &asking));
    }
    let forms = &visit.app().forms;
    if !forms.redeem(token, &signed_in.session, ENTER, visit.now).await? {
        let asking = Asking::again(StatusCode::FORBIDDEN, STALE, typed);
        return Ok(code_page(visit, signed_in, &asking));
    }
    match visit
        .app()
        .decide_device
        .find(typed, &signed_in.user, &visit.context())
        .await
    {
        Ok(device) => Ok(decision_page(
            visit,
            signed_in,
            &device,
            HttpResponse::Ok(),
            Choice::EVERYTHING,
            None,
        )),
        Err(error) => refusal(visit, signed_in, error, typed),
    }
}

fn decision_page(
    visit: &Visit,
    signed_in: &SignedIn,
    device: &WaitingDevice,
    response: actix_web::HttpResponseBuilder,
    choice: Choice,
    problem: Option<&str>,
) -> HttpResponse {
    let request = &device.request;
    let code = request.user_code;
    let view = DeviceDecisionView {
        site: &visit.site,
        client: ClientView::new(&device.client, &visit.site),
        user: UserView::from(&signed_in.user),
        switch: visit.switch(signed_in, visit.here().as_ref()),
        scopes: ScopeView::list(request.scope, choice),
        problem,
        origin: OriginView::new(request, visit.now),
        code: &code.to_string(),
        again: &address(visit, Some(code)),
        form: visit
            .app()
            .forms
            .issue(&signed_in.session, &decision_context(code), visit.now),
    };
    page(response, &view)
}

async fn decide(
    visit: &Visit,
    signed_in: &SignedIn,
    user: &InPerson,
    code: UserCode,
    fields: &Parameters,
) -> Result<HttpResponse, Problem> {
    let choice = Choice::read(fields).map_err(|_| Problem::Unreadable)?;
    let verdict = match fields.get("decision").ok().flatten() {
        Some("allow") => Verdict::Approve(choice.allowed()),
        Some("deny") => Verdict::Deny,
        _ => {
            return Err(Problem::NoDecision {
                again: address(visit, Some(code)),
            });
        }
    };
    let typed = code.to_string();
    let decide_device = &visit.app().decide_device;
    match decide_device.decide(&typed, verdict, user, &visit.context()).await {
        Ok(device) => Ok(done(visit, &device, verdict)),
        Err(DeviceError::NothingGranted) => match decide_device.find(&typed, &signed_in.user, &visit.context()).await {
            Ok(device) => Ok(decision_page(
                visit,
                signed_in,
                &device,
                HttpResponse::BadRequest(),
                choice,
                Some(NOTHING_GRANTED),
            )),
            Err(error) => refusal(visit, signed_in, error, &typed),
        },
        Err(error) => refusal(visit, signed_in, error, &typed),
    }
}

/// The code once more, and what was wrong with it.
fn refusal(visit: &Visit, signed_in: &SignedIn, error: DeviceError, typed: &str) -> Result<HttpResponse, Problem> {
    let asking = match error {
        DeviceError::Unknown => Asking::again(StatusCode::NOT_FOUND, UNKNOWN, typed),
        DeviceError::DecidedBefore => Asking::again(StatusCode::CONFLICT, DECIDED, typed),
        DeviceError::NothingGranted => Asking::again(StatusCode::BAD_REQUEST, NOTHING_GRANTED, typed),
        DeviceError::Limited { retry_after } => Asking::Again {
            typed,
            status: StatusCode::TOO_MANY_REQUESTS,
            problem: format!("Too many wrong codes. Try again in {}.", in_words(retry_after)),
            retry_after: Some(whole_seconds(retry_after)),
        },
        DeviceError::Fault(fault) => return Err(fault.into()),
    };
    Ok(code_page(visit, signed_in, &asking))
}

/// The end: the device finds out by itself.
fn done(visit: &Visit, device: &WaitingDevice, verdict: Verdict) -> HttpResponse {
    let name = &device.client.profile.name;
    let (title, text, hint) = match verdict {
        Verdict::Approve(_) => (
            "Allowed: you can go back to your device",
            format!("{name} goes on there by itself within a few seconds."),
            "You can close this page.",
        ),
        Verdict::Deny => (
            "Denied: you can go back to your device",
            format!("{name} has not been given anything, and the code is used up."),
            "If somebody sent you the code, tell the people who run this site. You can close this page.",
        ),
    };
    let view = MessageView {
        site: &visit.site,
        title,
        text: &text,
        hint: Some(hint),
        action: None,
    };
    page(HttpResponse::Ok(), &view)
}
