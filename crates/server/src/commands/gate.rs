use std::process::ExitCode;

use informer_oauth_domain::{
    path::NormalPath,
    route::{Access, Area, Verdict},
    scope::ScopeSet,
};
use serde::Serialize;

use crate::{
    cli::GateCommand,
    config::Config,
    output::{Misuse, Output},
};

/// For programs, what the sentence says in words.
#[derive(Serialize)]
struct Explanation {
    allowed: bool,
    /// As it is judged.
    path: Option<String>,
    /// The row that decided.
    row: Option<String>,
    /// Not the row's where the path fits it only when upper and lower case are confused: global then.
    area: Option<Area>,
    access: Option<Access>,
    /// Any one of them is enough, the least first.
    sufficient: Vec<&'static str>,
    verdict: String,
}

pub(crate) fn run(config: &Config, command: GateCommand, out: Output) -> anyhow::Result<ExitCode> {
    let GateCommand::Explain {
        method,
        path,
        scope,
        user,
        upgrade,
    } = command;
    let granted: ScopeSet = scope.join(" ").parse().map_err(|_| {
        Misuse(format!(
            "--scope: none of the scopes this service has is called so; they are: {}",
            ScopeSet::ALL
        ))
    })?;
    let routes = config.gate.table();
    let explanation = match NormalPath::parse(&path) {
        Ok(path) => {
            let verdict = if upgrade {
                routes.judge_upgrade(&method, &path, &user, granted)
            } else {
                routes.judge(&method, &path, &user, granted)
            };
            let allowed = matches!(verdict, Verdict::Allowed { .. });
            let required = verdict.required();
            Explanation {
                allowed,
                path: Some(path.as_str().to_owned()),
                row: Some(required.route.to_string()),
                area: Some(required.area),
                access: Some(required.access),
                sufficient: required
                    .sufficient_scopes()
                    .iter()
                    .map(|scope| scope.as_str())
                    .collect(),
                verdict: verdict.to_string(),
            }
        }
        Err(refused) => Explanation {
            allowed: false,
            path: None,
            row: None,
            area: None,
            access: None,
            sufficient: Vec::new(),
            verdict: format!("refused: {refused}"),
        },
    };
    out.print(&explanation, |explanation| explanation.verdict.clone())?;
    Ok(if explanation.allowed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
