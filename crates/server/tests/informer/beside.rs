//! nginx, Informer and the service, and who comes to them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use informer_oauth_testkit::informer::{FakeInformer, FakeUser};
use url::Url;

use crate::{
    common::{Service, stores::ProductionStores},
    nginx::{Nginx, free_port},
    support::*,
};

/// How long a change at Informer may take to be noticed: what is remembered grows old, and the machine has other things to do.
pub(crate) const NOTICED: Duration = Duration::from_secs(1 + 9);

/// One site of three servers.
pub(crate) struct Beside {
    pub(crate) informer: FakeInformer,
    pub(crate) nginx: Nginx,
    /// Its `http` and `admin` go through nginx. The administrator is Informer's superuser `root`.
    pub(crate) world: World,
    /// Further replicas.
    pub(crate) replicas: Vec<Service>,
    /// The service itself, past nginx.
    pub(crate) direct: Http,
}

impl Beside {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With further settings; an empty one leaves it out.
    pub(crate) fn start_with(further: &[(&str, &str)]) -> Self {
        Self::launch(further, None)
    }

    /// Two replicas on Postgres and Redis.
    pub(crate) fn start_two() -> Self {
        Self::launch(&[], Some(Arc::new(ProductionStores::new())))
    }

    fn launch(further: &[(&str, &str)], two_on: Option<Arc<ProductionStores>>) -> Self {
        let informer = FakeInformer::start();
        informer.set_user(FakeUser::named("root").with_display_name("Root of all").superuser());
        informer.set_user(FakeUser::named("anna").with_display_name("Anna Example"));
        let port = free_port();
        let issuer = format!("http://127.0.0.1:{port}");
        let (url, api_token) = (informer.url(), informer.api_token());
        let mut settings = vec![
            ("INFORMER_OAUTH__ISSUER", issuer.as_str()),
            ("INFORMER_OAUTH__HTTP__TRUSTED_PROXIES", r#"["127.0.0.1"]"#),
            ("INFORMER_OAUTH__IDENTITY__KIND", "informer"),
            ("INFORMER_OAUTH__IDENTITY__INFORMER__URL", &url),
            ("INFORMER_OAUTH__IDENTITY__INFORMER__API_TOKEN", &api_token),
            ("INFORMER_OAUTH__IDENTITY__INFORMER__TOKEN_API_POINTER", "/tokenApi"),
            ("INFORMER_OAUTH__IDENTITY__INFORMER__LOGIN_URL", "/login"),
            ("INFORMER_OAUTH__IDENTITY__INFORMER__CACHE_SECONDS", "1"),
        ];
        settings.extend_from_slice(further);
        let left_out = |name: &str| further.contains(&(name, ""));
        settings.retain(|(name, _)| !left_out(name));
        let mut services: Vec<Service> = match two_on {
            Some(stores) => [(); 2].map(|()| Service::start_on(&stores, &settings)).into(),
            None => vec![Service::start_with(&settings)],
        };
        let addresses: Vec<SocketAddr> = services.iter().map(address).collect();
        let nginx = Nginx::start(port, informer.address(), &addresses);
        let service = services.remove(0);
        let world = World {
            http: Http::to(nginx.base()),
            admin: signed_in(&informer, &nginx, "root"),
            issuer,
            service,
        };
        Self {
            direct: Http::to(world.service.base()),
            informer,
            nginx,
            world,
            replicas: services,
        }
    }

    /// A browser that nobody has signed in with.
    pub(crate) fn stranger(&self) -> Browser {
        Browser::new(self.nginx.base())
    }

    /// A browser with a session of Informer's.
    pub(crate) fn signed_in(&self, username: &str) -> Browser {
        signed_in(&self.informer, &self.nginx, username)
    }

    /// Sends a request to Informer's API through the gate, as a program with a token does.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, path: &str, token: &str) -> Answer {
        self.world.http.send(Request::new(method, path).bearer(token))
    }

    /// What the gate says of a token, past nginx.
    #[track_caller]
    pub(crate) fn passes(&self, token: &str) -> bool {
        let answer = self.direct.send(gate_request("GET", "/api/profile", Some(token)));
        assert!([200, 401].contains(&answer.status), "{answer}");
        answer.status == 200
    }

    /// Follows a browser that was sent to Informer's login, and signs in there: the page that it was on its way to.
    #[track_caller]
    pub(crate) fn log_in(browser: &Browser, login: &Answer, username: &str, password: &str) -> Answer {
        is_login(login);
        let answer = browser.submit(login, credentials(login, username, password)).is(303);
        browser.follow(answer)
    }

    /// Refreshes with the newest token until it is refused, which must come in time: why, and with which token.
    #[track_caller]
    pub(crate) fn refused_in_time(&self, client: &Client, refresh_token: &str) -> (Answer, String) {
        let mut token = refresh_token.to_owned();
        let mut refused = None;
        let came = comes_true(NOTICED, || {
            let answer = self.world.refresh(client, &token);
            if answer.status == 200 {
                Tokens::read(answer.oauth_json()).refresh().clone_into(&mut token);
            } else {
                refused = Some(answer);
            }
            refused.is_some()
        });
        assert!(came, "it is still refreshed");
        (refused.unwrap(), token)
    }
}

/// Demands Informer's own login page.
#[track_caller]
pub(crate) fn is_login(page: &Answer) {
    assert_eq!(page.status, 200, "{page}");
    assert_eq!(Url::parse(&page.url).unwrap().path(), "/login", "{page}");
    assert!(page.text().contains("Sign in to Informer"), "{page}");
}

fn signed_in(informer: &FakeInformer, nginx: &Nginx, username: &str) -> Browser {
    let browser = Browser::new(nginx.base());
    browser.set_cookie("sid", &informer.sign_in(username));
    browser
}

fn address(service: &Service) -> SocketAddr {
    service.base().strip_prefix("http://").unwrap().parse().unwrap()
}
