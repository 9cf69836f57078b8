//! Who is not known does not pass, whatever is sent.

use crate::{
    kinds::{Kind, Values},
    running::Gateway,
    scene::{Answer, Scene},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const LIMIT: u32 = 2;

/// Nothing was counted before: exactly the limit passes now.
async fn nothing_was_counted(scene: &Scene) {
    for status in [200, 200, 429] {
        let answer = scene.call().await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    assert_eq!(scene.api.take().len(), LIMIT as usize);
}

pub(crate) async fn do_not_pass(kind: Kind) {
    let scene = Scene::with(kind, LIMIT).await;
    let request = || scene.request("GET", "/courses/7");
    let strangers = [
        request(),
        request().bearer_auth("dps_wrong"),
        request().basic_auth(&scene.door.key, Some("dps_wrong")),
        request().header("Authorization", "Digest username=\"x\""),
    ];
    for stranger in strangers {
        let refused = Answer::to(stranger).await;
        refused.problem(401);
        // Caddy sends an empty credential for none.
        let reason = refused.header("portal-reason");
        assert!(matches!(reason, "credential-missing" | "credential-unknown"), "{refused:?}");
        assert!(refused.header("www-authenticate").starts_with("Bearer"), "{refused:?}");
    }
    assert!(scene.api.take().is_empty());
    nothing_was_counted(&scene).await;
}

/// Otherwise one would be counted and the other used.
pub(crate) async fn two_credentials(kind: Kind) {
    let scene = Scene::with(kind, LIMIT).await;
    let (good, wrong) = (format!("Bearer {}", scene.door.secret), "Bearer dps_wrong");
    for (first, second) in [(good.as_str(), wrong), (wrong, good.as_str())] {
        let request = scene.request("GET", "/courses/7");
        let answer = Answer::to(request.header("Authorization", first).header("Authorization", second)).await;
        let reached = scene.api.take();
        let passed_alone = answer.status == 200 && reached[0].all("authorization") == [good.as_str()];
        let refused = matches!(answer.status, 400 | 401) && reached.is_empty();
        assert!(passed_alone || refused, "{answer:?} {reached:?}");
    }
}

pub(crate) async fn feigned_outage(kind: Kind) {
    if !kind.knows_outages() {
        return;
    }
    let scene = Scene::with(kind, LIMIT).await;
    let open = Gateway::start_open(kind, &scene.values()).await;
    scene.api.take();
    let [long, longest] = [6_000, 50_000].map(|length| format!("Bearer {}", "x".repeat(length)));
    let texts: [&[u8]; 5] = [b"", b"Bearer \x01", b"Bearer \xff\xfe", b"\x7f", b"Basic %"];
    let shown = texts.into_iter().chain([long.as_bytes(), longest.as_bytes()]);
    for shown in shown {
        let answer = raw(open.base(), &[b"Authorization: ", shown].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{shown:?}: {answer}");
        assert!(scene.api.take().is_empty(), "{shown:?}");
    }
}

/// The answer to a request with a header that no client writes by accident.
async fn raw(base: &str, header: &[u8]) -> String {
    let address = base.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.expect("it listens");
    let head = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let request = [head.as_bytes(), header, b"\r\n\r\n"].concat();
    connection.write_all(&request).await.expect("it reads");
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.expect("it answers and hangs up");
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) async fn unknown_gateway(kind: Kind) {
    let scene = Scene::with(kind, LIMIT).await;
    let values = Values { credential: "dpg_wrong".to_owned(), ..scene.values() };
    let strange = Gateway::start(kind, &values).await;
    let request = crate::scene::client().get(strange.base()).bearer_auth(&scene.door.secret);
    let refused = Answer::to(request).await;
    assert!(matches!(refused.status, 401 | 403), "{refused:?}");
    refused.problem(refused.status);
    assert_eq!(refused.header("portal-reason"), "gateway-unknown");
    assert!(scene.api.take().is_empty());
    nothing_was_counted(&scene).await;
}

pub(crate) async fn headers_of_the_portal(kind: Kind) {
    let scene = Scene::with(kind, LIMIT).await;
    let gateway = scene.door.gateway.clone();
    let spoofed = [
        ("Portal-Integration-Key", scene.door.key.clone()),
        ("Portal-Gateway", format!("{gateway};caller=key")),
        ("Portal-Cost", "2".to_owned()),
        ("Portal-Site", "of-somebody-else".to_owned()),
        ("Portal-Integration", "of-somebody-else".to_owned()),
        ("Portal-Group", "of-somebody-else".to_owned()),
        ("Portal_Integration", "of-somebody-else".to_owned()),
        ("Portal_Group", "of-somebody-else".to_owned()),
    ];
    let with_all = |request: reqwest::RequestBuilder| {
        spoofed.iter().fold(request, |request, (name, value)| request.header(*name, value))
    };
    Answer::to(with_all(scene.request("GET", "/"))).await.problem(401);
    for (left, status) in [(1, 200), (0, 200), (0, 429)] {
        let answer = Answer::to(with_all(scene.request("GET", "/").bearer_auth(&scene.door.secret))).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.headers.get("portal-group").is_none(), "whose call it is is for the API: {answer:?}");
        if kind.tells_what_is_left() {
            assert_eq!(answer.header("x-rate-limit-remaining"), left.to_string(), "it costs what it costs");
        }
    }
    let reached = scene.api.take();
    assert_eq!(reached.len(), LIMIT as usize);
    for request in reached {
        let all = request.headers.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
        assert!(!all.contains("of-somebody-else") && !all.contains(&gateway), "{request:?}");
        let only = |name: &str| matches!(request.all(name)[..], [value] if !value.is_empty());
        assert!(only("portal-integration") && only("portal-group"), "{request:?}");
    }
}
