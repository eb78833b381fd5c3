use std::process::ExitCode;

use informer_oauth_domain::{path::NormalPath, route::Verdict, scope::ScopeSet};
use serde::Serialize;

use crate::{
    cli::GateCommand,
    config::Config,
    output::{Misuse, Output},
};

#[derive(Serialize)]
struct Explanation {
    allowed: bool,
    path: Option<String>,
    verdict: String,
}

pub(crate) fn run(config: &Config, command: GateCommand, out: Output) -> anyhow::Result<ExitCode> {
    let GateCommand::Explain {
        method,
        path,
        scope,
        user,
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
            let verdict = routes.judge(&method, &path, &user, granted);
            let allowed = matches!(verdict, Verdict::Allowed { .. });
            Explanation {
                allowed,
                path: Some(path.as_str().to_owned()),
                verdict: verdict.to_string(),
            }
        }
        Err(refused) => Explanation {
            allowed: false,
            path: None,
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
