//! Keep-alive of sessions that their writers let go of, or that commit, while they are asked about.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use cdc_plugin::host::http::{Failure, Method, Response};
use cdc_plugin::types::Blame;
use cdc_plugin_maxcompute::request::Client;
use cdc_plugin_maxcompute::rest::TableName;
use cdc_plugin_maxcompute::settings::Settings;
use cdc_plugin_maxcompute::tunnel::{Destination, Keeper, Session, UploadSession, UpsertSession};

use crate::support::fake::{FakeHost, answer};
use crate::support::tables::{options, plain};

/// More than the keeper asks about at the same time.
const SESSIONS: usize = 20;

/// What the writers hold.
type Sessions = Rc<RefCell<Vec<Rc<Session>>>>;

/// An answer that is one of either kind of session.
fn session(status: &str) -> Result<Response, Failure> {
    answer(
        200,
        &format!(
            r#"{{"id":"x","status":"{status}","UploadID":"x","Status":"{status}","hasher":"default",
            "slots":[{{"slot_id":"0","worker_addr":"w:1","buckets":[0]}}]}}"#
        ),
    )
}

/// Sessions that are due, and a service that calls `asked` before it answers a question.
async fn due(
    upsert: bool,
    status: Result<Response, Failure>,
    asked: impl Fn(&Sessions) + 'static,
) -> (Client<FakeHost>, Keeper, Sessions) {
    let sessions = Sessions::default();
    let held = Rc::clone(&sessions);
    let host = FakeHost::new(move |_, request| {
        if request.method == Method::Get {
            asked(&held);
            return status.clone();
        }
        session("normal")
    });
    let mut settings = options("http://main/api");
    settings.push(plain("tunnel.endpoint", "http://dt"));
    let client = Client::new(host, Settings::read(&settings).unwrap());
    let name = TableName { project: "p".to_owned(), schema: None, table: "t".to_owned() };
    let destination = Destination { name, partition: None };
    let keeper = Keeper::default();
    for _ in 0..SESSIONS {
        let session = if upsert {
            UpsertSession::create(&client, &destination).await.unwrap().session
        } else {
            UploadSession::create(&client, &destination).await.unwrap().session
        };
        keeper.keep(&session);
        sessions.borrow_mut().push(session);
    }
    client.host.pass(Duration::from_secs(31));
    (client, keeper, sessions)
}

fn questions(client: &Client<FakeHost>) -> usize {
    client.host.requests().iter().filter(|request| request.method == Method::Get).count()
}

#[tokio::test]
async fn a_session_that_its_writer_let_go_of_is_not_asked_about() {
    for upsert in [true, false] {
        let (client, keeper, _) =
            due(upsert, session("expired"), |sessions| sessions.borrow_mut().clear()).await;
        assert_eq!(keeper.poll(&client).await.unwrap(), None);
        // The first question was under way; its answer is nobody's.
        assert_eq!(questions(&client), 1);
    }
}

#[tokio::test]
async fn an_answer_that_comes_after_the_writer_let_go_is_ignored() {
    let refused = || answer(404, r#"{"Code":"UpsertSessionNotFound","Message":"m"}"#);
    let denied = || answer(403, r#"{"Code":"NoPermission","Message":"m"}"#);
    for upsert in [true, false] {
        for status in [session("committed"), session("closed"), session("aborted"), refused(), denied()] {
            let (client, keeper, sessions) = due(upsert, status, |sessions| {
                sessions.borrow_mut().pop();
            })
            .await;
            sessions.borrow_mut().truncate(1);
            assert_eq!(keeper.poll(&client).await.unwrap(), None);
            assert_eq!(questions(&client), 1);
        }
    }
}

#[tokio::test]
async fn a_session_that_commits_is_not_lost() {
    for (upsert, status) in [(true, "committing"), (true, "committed"), (false, "closing"), (false, "closed")]
    {
        let (client, keeper, _sessions) = due(upsert, session(status), |_| {}).await;
        keeper.poll(&client).await.unwrap();
        assert_eq!(questions(&client), SESSIONS, "{status}");
    }
}

#[tokio::test]
async fn a_session_that_ended_under_its_writer_is_lost() {
    for upsert in [true, false] {
        for status in [session("expired"), session("critical"), answer(404, "")] {
            let (client, keeper, _sessions) = due(upsert, status, |_| {}).await;
            let error = keeper.poll(&client).await.unwrap_err();
            assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.session"));
        }
    }
}
