//! `login` in a real terminal: tmux where there is one, else the pseudo-terminal of `script`.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use qrcode::{Color, QrCode};
use tempfile::TempDir;

use super::{decide, gate, login, wait_until};
use crate::common::Service;

/// A terminal that a shell command runs in.
struct Terminal {
    _folder: TempDir,
    kind: Kind,
}

enum Kind {
    Tmux { socket: PathBuf },
    Script { process: Child, output: PathBuf },
}

impl Terminal {
    /// Runs `login`, with the token going to `token`, and then says how it ended.
    fn open(service: &Service, token: &Path, (columns, rows): (u16, u16), environment: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = login(service.folder(), service.base(), &["--scope", "read:report"]);
        let words: Vec<String> = std::iter::once(program.get_program())
            .chain(program.get_args())
            .map(|word| format!("'{}'", word.to_str().unwrap()))
            .collect();
        // The shell outlives the Ctrl-C that both of them get.
        let line = format!(
            "trap : INT; cd '{}'; {environment} {} > '{}'; echo \"ended with $?\"; sleep 600",
            service.folder().display(),
            words.join(" "),
            token.display()
        );
        let kind = if installed("tmux") {
            let socket = folder.path().join("tmux");
            let size = [columns.to_string(), rows.to_string()];
            let started = Command::new("tmux")
                .arg("-S")
                .arg(&socket)
                .args([
                    "-u",
                    "-f",
                    "/dev/null",
                    "new-session",
                    "-d",
                    "-x",
                    &size[0],
                    "-y",
                    &size[1],
                    &line,
                ])
                .env_remove("TMUX")
                .status();
            assert!(started.unwrap().success());
            Kind::Tmux { socket }
        } else {
            let output = folder.path().join("output");
            let line = format!("export TERM=xterm-256color; stty cols {columns} rows {rows}; {line}");
            let process = Command::new("script")
                .args(["--quiet", "--flush", "--command", &line])
                .arg(&output)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            Kind::Script { process, output }
        };
        Self { _folder: folder, kind }
    }

    /// What is on the screen; of `script`, all that was written to it.
    fn screen(&self) -> String {
        match &self.kind {
            Kind::Tmux { socket } => {
                let captured = tmux(socket, &["capture-pane", "-p"]);
                String::from_utf8(captured.stdout).unwrap()
            }
            Kind::Script { output, .. } => without_escapes(&fs::read_to_string(output).unwrap_or_default()),
        }
    }

    fn press_ctrl_c(&mut self) {
        match &mut self.kind {
            Kind::Tmux { socket } => {
                tmux(socket, &["send-keys", "C-c"]);
            }
            Kind::Script { process, .. } => process.stdin.as_mut().unwrap().write_all(b"\x03").unwrap(),
        }
    }

    #[track_caller]
    fn shows(&self, part: &str) -> String {
        wait_until(&format!("the screen shows {part:?}"), || self.screen().contains(part));
        self.screen()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        match &mut self.kind {
            Kind::Tmux { socket } => {
                tmux(socket, &["kill-server"]);
            }
            Kind::Script { process, .. } => {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }
}

fn tmux(socket: &Path, arguments: &[&str]) -> std::process::Output {
    Command::new("tmux")
        .arg("-S")
        .arg(socket)
        .args(arguments)
        .output()
        .unwrap()
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Text without what moves cursors and changes colours.
fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => {
                if rest.next() == Some('[') {
                    let _ = rest.by_ref().find(char::is_ascii_alphabetic);
                }
            }
            '\r' => plain.push('\n'),
            other => plain.push(other),
        }
    }
    plain
}

fn user_code(screen: &str) -> &str {
    let mut lines = screen.lines().map(str::trim);
    lines
        .find(|line| line.len() == 9 && line.chars().nth(4) == Some('-'))
        .unwrap()
}

/// The dark modules of the picture, row by row, without the light edge of four modules. What is light is drawn.
fn modules(screen: &str) -> Vec<Vec<bool>> {
    let lines: Vec<&str> = screen.lines().filter(|line| line.contains(['█', '▀', '▄'])).collect();
    let left = lines
        .iter()
        .map(|line| line.chars().take_while(|c| *c == ' ').count())
        .min()
        .unwrap();
    let width = lines.iter().map(|line| line.trim_end().chars().count()).max().unwrap() - left;
    let mut rows: Vec<Vec<bool>> = Vec::new();
    for line in lines {
        let mut cells: Vec<char> = line.chars().skip(left).collect();
        cells.resize(width, ' ');
        rows.push(cells.iter().map(|c| !matches!(c, '█' | '▀')).collect());
        rows.push(cells.iter().map(|c| !matches!(c, '█' | '▄')).collect());
    }
    let inside = 4..width - 4;
    rows[inside.clone()]
        .iter()
        .map(|row| row[inside.clone()].to_vec())
        .collect()
}

#[test]
fn a_terminal_shows_code_address_qr_code_and_a_spinner_until_the_person_has_allowed_it() {
    let service = Service::start();
    let token = service.folder().join("token");
    let mut terminal = Terminal::open(&service, &token, (100, 50), "LC_ALL=C.UTF-8 NO_COLOR=1");
    let screen = terminal.shows("Waiting for you to allow it");
    let address = format!("{}/oauth/device", service.base());
    assert!(screen.contains(&address), "{screen}");
    let code = user_code(&screen).to_owned();
    let expected = QrCode::new(format!("{address}?code={code}")).unwrap();
    let dark: Vec<bool> = expected
        .to_colors()
        .into_iter()
        .map(|module| module == Color::Dark)
        .collect();
    let dark: Vec<Vec<bool>> = dark.chunks(expected.width()).map(<[bool]>::to_vec).collect();
    assert_eq!(modules(&screen), dark, "{screen}");
    let spinner = |screen: &str| {
        screen
            .lines()
            .rfind(|line| line.contains("Waiting"))
            .unwrap()
            .to_owned()
    };
    let first = spinner(&screen);
    assert!(
        first.contains("good for 29:5") || first.contains("good for 30:00"),
        "{first}"
    );
    wait_until("the spinner moves", || spinner(&terminal.screen()) != first);
    decide(&service, &code, true);
    let screen = terminal.shows("ended with 0");
    assert!(
        screen.contains("Signed in at") && screen.contains("scope    read:report"),
        "{screen}"
    );
    if matches!(terminal.kind, Kind::Tmux { .. }) {
        assert!(
            !screen.contains("Waiting"),
            "the spinner's line is empty again: {screen}"
        );
    }
    let token = fs::read_to_string(token).unwrap();
    assert_eq!(gate(&service, token.trim()), 200);
    terminal.press_ctrl_c();
}

#[test]
fn ctrl_c_leaves_a_clean_terminal_and_a_small_one_is_not_flooded() {
    let service = Service::start();
    let token = service.folder().join("token");
    for (size, environment, picture) in [
        ((100, 24), "LC_ALL=C.UTF-8", true),
        ((100, 15), "LC_ALL=C.UTF-8", false),
        ((30, 50), "LC_ALL=C.UTF-8", false),
        ((100, 50), "LC_ALL=C", false),
        ((100, 50), "TERM=dumb LC_ALL=C.UTF-8", false),
        ((100, 50), "NO_COLOR=1 LC_ALL=C.UTF-8", true),
    ] {
        let mut terminal = Terminal::open(&service, &token, size, environment);
        let screen = terminal.shows("Waiting");
        assert_eq!(
            screen.contains(['█', '▀', '▄']),
            picture,
            "{environment} {size:?}: {screen}"
        );
        let all = screen.replace('\n', "");
        assert!(
            all.contains("enter") && all.contains("oauth/device"),
            "{environment} {size:?}: {screen}"
        );
        terminal.press_ctrl_c();
        let screen = terminal.shows("ended with 130").replace('\n', "");
        assert!(screen.contains("nobody was signed in"), "{screen}");
        assert_eq!(fs::read_to_string(&token).unwrap(), "");
    }
}
