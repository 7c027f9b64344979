//! Commits and aborts of sessions, with answers that are lost, late or odd.

use std::time::Duration;

use cdc_plugin::host::http::{Failure, Request, Response};
use cdc_plugin::sink::CommitOutcome;
use cdc_plugin::types::{Blame, TableId};
use cdc_plugin_maxcompute::rest::TableName;
use cdc_plugin_maxcompute::sink::Sink;
use cdc_plugin_maxcompute::token::{Kind, Token};

use crate::support::fake::{FakeHost, answer, answer_with, header, line};
use crate::support::tables::{options, plain};

/// A sink whose service is a script of `(what is expected, what is answered)`; further requests get the last answer.
fn sink(script: Vec<(&'static str, Result<Response, Failure>)>) -> (Sink<FakeHost>, FakeHost) {
    let host = FakeHost::new(move |number, request: &Request| {
        let (expected, answer) = &script[number.min(script.len() - 1)];
        assert_eq!(line(request), *expected, "request {number}");
        answer.clone()
    });
    let mut settings = options("http://main/api");
    settings.push(plain("tunnel.endpoint", "http://dt"));
    (Sink::configure(host.clone(), &settings).unwrap(), host)
}

fn token(kind: Kind) -> Token {
    let name = TableName { project: "p".to_owned(), schema: None, table: "t".to_owned() };
    Token::new(kind, name, "x".to_owned(), 0)
}

async fn commit(sink: &Sink<FakeHost>, token: &Token) -> Result<CommitOutcome, cdc_plugin::types::Error> {
    sink.commit(&token.committable(&TableId::in_schema("s", "t")).unwrap()).await
}

async fn abort(sink: &Sink<FakeHost>, token: &Token) -> Result<(), cdc_plugin::types::Error> {
    sink.abort(&token.committable(&TableId::in_schema("s", "t")).unwrap()).await
}

const UPSERT_POST: &str = "POST /projects/p/tables/t/upserts?upsertid=x";
const UPSERT_GET: &str = "GET /projects/p/tables/t/upserts?upsertid=x";
const UPSERT_DELETE: &str = "DELETE /projects/p/tables/t/upserts?upsertid=x";
const UPLOAD_POST: &str = "POST /projects/p/tables/t?uploadid=x";
const UPLOAD_GET: &str = "GET /projects/p/tables/t?uploadid=x&getblockid=true";

fn upsert(status: &str) -> Result<Response, Failure> {
    answer(
        200,
        &format!(
            r#"{{"id":"x","status":"{status}","slots":[{{"slot_id":"0","worker_addr":"w:2","buckets":[0]}}],"hasher":"default","hash_key":["id"]}}"#
        ),
    )
}

fn upload(status: &str) -> Result<Response, Failure> {
    answer(200, &format!(r#"{{"UploadID":"x","Status":"{status}"}}"#))
}

fn upload_with(blocks: &str) -> Result<Response, Failure> {
    answer(200, &format!(r#"{{"UploadID":"x","Status":"normal","UploadedBlockList":{blocks}}}"#))
}

fn refusal(status: u16, code: &str) -> Result<Response, Failure> {
    answer(status, &format!(r#"{{"Code":"{code}","Message":"m"}}"#))
}

#[tokio::test]
async fn an_upsert_commit_is_asked_for_until_it_is_done() {
    let (sink, host) = sink(vec![
        (UPSERT_POST, upsert("normal")),
        (UPSERT_POST, upsert("COMMITTING")),
        (UPSERT_POST, upsert("committed")),
    ]);
    assert_eq!(commit(&sink, &token(Kind::Upsert)).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(host.sleeps(), [200, 400].map(Duration::from_millis));
}

#[tokio::test]
async fn a_commit_that_does_not_end_is_transient() {
    for (kind, line, still) in
        [(Kind::Upsert, UPSERT_POST, upsert("committing")), (Kind::Upload, UPLOAD_GET, upload("closing"))]
    {
        let (sink, host) = sink(vec![(line, still)]);
        let error = commit(&sink, &token(kind)).await.unwrap_err();
        assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.unfinished"));
        let waited: Duration = host.sleeps().into_iter().sum();
        assert!(waited >= Duration::from_secs(120) && waited < Duration::from_secs(140), "{waited:?}");
    }
}

#[tokio::test]
async fn an_upsert_session_that_is_missing_or_ended_is_gone() {
    for answer in [
        refusal(404, "UpsertSessionNotFound"),
        refusal(400, "UpsertSessionNotFound"),
        answer(404, ""),
        upsert("expired"),
        upsert("aborted"),
        upsert("critical"),
    ] {
        let (sink, host) = sink(vec![(UPSERT_POST, answer)]);
        assert_eq!(commit(&sink, &token(Kind::Upsert)).await.unwrap(), CommitOutcome::Gone);
        assert_eq!(host.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_missing_project_or_table_is_no_missing_session() {
    for (kind, line) in [(Kind::Upsert, UPSERT_POST), (Kind::Upload, UPLOAD_GET)] {
        let again = if kind == Kind::Upsert { UPSERT_GET } else { UPLOAD_GET };
        let (sink, _) =
            sink(vec![(line, refusal(404, "NoSuchProject")), (again, refusal(404, "NoSuchProject"))]);
        assert_eq!(commit(&sink, &token(kind)).await.unwrap_err().code, "maxcompute.project");
    }
    let (sink, _) = sink(vec![(UPLOAD_GET, refusal(404, "NoSuchTable"))]);
    assert_eq!(commit(&sink, &token(Kind::Upload)).await.unwrap_err().code, "maxcompute.not-found");
}

#[tokio::test]
async fn a_refused_upsert_commit_is_looked_at() {
    for (status, outcome) in [("expired", CommitOutcome::Gone), ("committed", CommitOutcome::Committed)] {
        let (sink, _) =
            sink(vec![(UPSERT_POST, refusal(400, "StatusConflict")), (UPSERT_GET, upsert(status))]);
        assert_eq!(commit(&sink, &token(Kind::Upsert)).await.unwrap(), outcome);
    }
    let (sink, _) = sink(vec![(UPSERT_POST, refusal(403, "NoPermission")), (UPSERT_GET, upsert("normal"))]);
    assert_eq!(commit(&sink, &token(Kind::Upsert)).await.unwrap_err().code, "maxcompute.permission");
}

#[tokio::test]
async fn an_upsert_commit_follows_its_worker() {
    let (sink, host) = sink(vec![
        (UPSERT_POST, answer_with(308, &[("odps-tunnel-routed-server", "w:9")], "")),
        (UPSERT_POST, answer(502, "")),
        (UPSERT_GET, upsert("normal")),
        (UPSERT_POST, upsert("committed")),
    ]);
    let mut token = token(Kind::Upsert);
    token.route = Some("w:1".to_owned());
    assert_eq!(commit(&sink, &token).await.unwrap(), CommitOutcome::Committed);
    let requests = host.requests();
    let routes: Vec<_> =
        requests.iter().map(|request| header(request, "odps-tunnel-routed-server")).collect();
    assert_eq!(routes, [Some("w:1"), Some("w:9"), None, Some("w:2")]);
}

#[tokio::test]
async fn an_upload_whose_commit_was_not_answered_is_committed_once() {
    // The answer was lost, and the service did it.
    let (sink, host) = sink(vec![
        (UPLOAD_GET, upload("normal")),
        (UPLOAD_POST, Err(Failure::TimedOut)),
        (UPLOAD_GET, upload("closed")),
    ]);
    assert_eq!(commit(&sink, &token(Kind::Upload)).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(host.requests().len(), 3);

    // The request was lost, and the service did not.
    let (sink, host) = self::sink(vec![
        (UPLOAD_GET, upload("normal")),
        (UPLOAD_POST, answer(504, "")),
        (UPLOAD_GET, upload("normal")),
        (UPLOAD_POST, upload("closed")),
    ]);
    assert_eq!(commit(&sink, &token(Kind::Upload)).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(host.requests().len(), 4);

    // The first request was late, and the second met it.
    let (sink, _) = self::sink(vec![
        (UPLOAD_GET, upload("normal")),
        (UPLOAD_POST, Err(Failure::TimedOut)),
        (UPLOAD_GET, upload("normal")),
        (UPLOAD_POST, refusal(400, "StatusConflict")),
        (UPLOAD_GET, upload("closing")),
        (UPLOAD_GET, upload("closed")),
    ]);
    assert_eq!(commit(&sink, &token(Kind::Upload)).await.unwrap(), CommitOutcome::Committed);
}

#[tokio::test]
async fn an_upload_commit_that_goes_on_is_looked_at_until_it_is_done() {
    // The service may say so, or nothing that is understood.
    for answer in [upload("closing"), answer(200, "{}"), answer(200, "")] {
        let (sink, host) = sink(vec![
            (UPLOAD_GET, upload("normal")),
            (UPLOAD_POST, answer),
            (UPLOAD_GET, upload("closing")),
            (UPLOAD_GET, upload("closed")),
        ]);
        assert_eq!(commit(&sink, &token(Kind::Upload)).await.unwrap(), CommitOutcome::Committed);
        assert_eq!(host.requests().len(), 4);
    }
    // It may fail in the end.
    let (sink, _) = self::sink(vec![
        (UPLOAD_GET, upload("normal")),
        (UPLOAD_POST, upload("closing")),
        (UPLOAD_GET, upload("critical")),
    ]);
    let outcome = commit(&sink, &token(Kind::Upload)).await.unwrap();
    assert!(matches!(outcome, CommitOutcome::Unknown(_)), "{outcome:?}");
}

#[tokio::test]
async fn an_upload_that_committed_before_is_not_committed_again() {
    let (sink, host) = sink(vec![(UPLOAD_GET, upload("CLOSED"))]);
    assert_eq!(commit(&sink, &token(Kind::Upload)).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(host.requests().len(), 1);
}

#[tokio::test]
async fn an_upload_session_that_is_missing_or_critical_is_unknown_and_an_ended_one_gone() {
    for answer in [answer(404, ""), refusal(404, "NoSuchUpload"), upload("critical")] {
        let (sink, _) = sink(vec![(UPLOAD_GET, answer)]);
        let outcome = commit(&sink, &token(Kind::Upload)).await.unwrap();
        assert!(matches!(&outcome, CommitOutcome::Unknown(text) if text.contains("p.t")), "{outcome:?}");
    }
    for status in ["expired", "canceled"] {
        let (sink, _) = sink(vec![(UPLOAD_GET, upload(status))]);
        assert_eq!(commit(&sink, &token(Kind::Upload)).await.unwrap(), CommitOutcome::Gone);
    }
}

#[tokio::test]
async fn only_exactly_the_blocks_that_were_uploaded_are_committed() {
    let mut token = token(Kind::Upload);
    token.blocks = Some(2);
    for blocks in [r#"[{"BlockID":0}]"#, "[]", r#"[{"BlockID":0},{"BlockID":1},{"BlockID":2}]"#] {
        let (sink, host) = sink(vec![(UPLOAD_GET, upload_with(blocks))]);
        assert_eq!(commit(&sink, &token).await.unwrap(), CommitOutcome::Gone, "{blocks}");
        assert_eq!(host.requests().len(), 1, "nothing was committed");
    }
    for blocks in [r#"[{"BlockID":1},{"BlockID":0}]"#, "null"] {
        let (sink, _) = sink(vec![(UPLOAD_GET, upload_with(blocks)), (UPLOAD_POST, upload("closed"))]);
        assert_eq!(commit(&sink, &token).await.unwrap(), CommitOutcome::Committed, "{blocks}");
    }
}

#[tokio::test]
async fn an_upsert_session_is_deleted_unless_it_ended_by_itself() {
    let (sink, _) = sink(vec![(UPSERT_GET, upsert("normal")), (UPSERT_DELETE, answer(200, ""))]);
    abort(&sink, &token(Kind::Upsert)).await.unwrap();
    let (sink, host) = self::sink(vec![(UPSERT_GET, upsert("aborted"))]);
    abort(&sink, &token(Kind::Upsert)).await.unwrap();
    assert_eq!(host.requests().len(), 1);
    // Lost, then done by the first try.
    let (sink, _) = self::sink(vec![
        (UPSERT_GET, upsert("normal")),
        (UPSERT_DELETE, Err(Failure::TimedOut)),
        (UPSERT_GET, upsert("normal")),
        (UPSERT_DELETE, refusal(404, "UpsertSessionNotFound")),
    ]);
    abort(&sink, &token(Kind::Upsert)).await.unwrap();
}

#[tokio::test]
async fn what_is_visible_or_about_to_be_cannot_be_aborted() {
    for (kind, line, answer, blame) in [
        (Kind::Upsert, UPSERT_GET, upsert("committed"), Blame::Permanent),
        (Kind::Upsert, UPSERT_GET, upsert("committing"), Blame::Transient),
        (Kind::Upload, UPLOAD_GET, upload("closed"), Blame::Permanent),
        (Kind::Upload, UPLOAD_GET, upload("closing"), Blame::Transient),
        (Kind::Upload, UPLOAD_GET, upload("critical"), Blame::Permanent),
        (Kind::Upload, UPLOAD_GET, refusal(404, "NoSuchUpload"), Blame::Permanent),
    ] {
        let (sink, _) = sink(vec![(line, answer)]);
        assert_eq!(abort(&sink, &token(kind)).await.unwrap_err().blame, blame);
    }
}

#[tokio::test]
async fn an_open_upload_needs_no_request_to_be_aborted_but_a_look() {
    for answer in [upload("normal"), upload("expired")] {
        let (sink, host) = sink(vec![(UPLOAD_GET, answer)]);
        abort(&sink, &token(Kind::Upload)).await.unwrap();
        assert_eq!(host.requests().len(), 1);
    }
    let mut held = token(Kind::Upload);
    held.held = true;
    let (sink, _) = sink(vec![(UPLOAD_GET, refusal(404, "NoSuchUpload"))]);
    abort(&sink, &held).await.unwrap();
}

#[tokio::test]
async fn an_upload_whose_status_tells_nothing_is_asked_for_again_before_it_is_aborted() {
    for word in ["unknown", "UNKNOWN", ""] {
        let (sink, _) = sink(vec![(UPLOAD_GET, upload(word))]);
        let error = abort(&sink, &token(Kind::Upload)).await.unwrap_err();
        assert_eq!(
            (error.blame, error.code.as_str()),
            (Blame::Transient, "maxcompute.session.unknown"),
            "{word}"
        );
    }
}

#[tokio::test]
async fn a_held_session_is_aborted_unless_it_is_visible_or_about_to_be() {
    let held = |kind| {
        let mut token = token(kind);
        token.held = true;
        token
    };
    for answer in [upload("unknown"), upload(""), upload("critical"), refusal(404, "NoSuchUpload")] {
        let (sink, _) = sink(vec![(UPLOAD_GET, answer)]);
        abort(&sink, &held(Kind::Upload)).await.unwrap();
    }
    for status in ["normal", "critical"] {
        let (sink, host) =
            sink(vec![(UPSERT_GET, upsert(status)), (UPSERT_DELETE, refusal(400, "StatusConflict"))]);
        abort(&sink, &held(Kind::Upsert)).await.unwrap();
        assert_eq!(host.requests().len(), 2, "it was tried");
        // Somebody may commit one that is not held.
        let (sink, _) =
            self::sink(vec![(UPSERT_GET, upsert(status)), (UPSERT_DELETE, refusal(400, "StatusConflict"))]);
        abort(&sink, &token(Kind::Upsert)).await.unwrap_err();
    }
    for (kind, line, answer, blame) in [
        (Kind::Upload, UPLOAD_GET, upload("closed"), Blame::Permanent),
        (Kind::Upload, UPLOAD_GET, upload("closing"), Blame::Transient),
        (Kind::Upsert, UPSERT_GET, upsert("committed"), Blame::Permanent),
        (Kind::Upsert, UPSERT_GET, upsert("committing"), Blame::Transient),
    ] {
        let (sink, _) = sink(vec![(line, answer)]);
        assert_eq!(abort(&sink, &held(kind)).await.unwrap_err().blame, blame);
    }
}

#[tokio::test]
async fn a_forgotten_upsert_session_counts_as_aborted_and_a_forgotten_upload_may_have_committed() {
    for answer in
        [refusal(404, "UpsertSessionNotFound"), refusal(400, "UpsertSessionNotFound"), answer(404, "")]
    {
        let (sink, host) = sink(vec![(UPSERT_GET, answer)]);
        abort(&sink, &token(Kind::Upsert)).await.unwrap();
        assert_eq!(host.requests().len(), 1);
    }
    // What is missing is the table, and nobody has said anything about the session.
    let (sink, _) = sink(vec![(UPSERT_GET, refusal(404, "NoSuchTable"))]);
    assert_eq!(abort(&sink, &token(Kind::Upsert)).await.unwrap_err().code, "maxcompute.not-found");

    let (sink, _) = self::sink(vec![(UPLOAD_GET, refusal(404, "NoSuchUpload"))]);
    let error = abort(&sink, &token(Kind::Upload)).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Permanent, "maxcompute.session.unknown"));
    assert!(error.message.contains("may have been committed"), "{}", error.message);
}
