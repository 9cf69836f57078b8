//! What passes is not touched.

use crate::{
    kinds::Kind,
    scene::{Answer, Scene},
    upstream::MARK,
};

pub(crate) async fn as_they_are(kind: Kind) {
    const BODY: &str = "name=Ada&more=%20";
    let statuses = [200, 201, 400, 401, 403, 404, 409, 429, 500, 503];
    let scene = Scene::with(kind, 100).await;
    for status in statuses {
        let target = format!("/status/{status}/courses%2F7?page=2&a=b");
        let request = scene.request("POST", &target).bearer_auth(&scene.door.secret);
        let answer = Answer::to(request.body(BODY)).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, "hello\n"), "{answer:?}");
        assert_eq!(answer.header(MARK.0), MARK.1);
        let reached = scene.api.take();
        let [reached] = &reached[..] else { panic!("{reached:?}") };
        assert_eq!((reached.method.as_str(), reached.body.as_str()), ("POST", BODY));
        assert_eq!(reached.target, target);
        assert_eq!(reached.all("authorization"), [format!("Bearer {}", scene.door.secret)]);
    }
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
        let answer = Answer::to(scene.request(method, "/courses/7").bearer_auth(&scene.door.secret)).await;
        assert_eq!(answer.status, 200, "{method}: {answer:?}");
        assert_eq!(scene.api.take()[0].method, method);
    }
}
