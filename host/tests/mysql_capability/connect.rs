//! Opening and losing sessions.

use cdc_host::capability::mysql::Session;
use cdc_host::plugin::bindings::capabilities::mysql::{ConnectOptions, FailureKind, TlsMode};
use tokio::net::TcpListener;

use crate::server::{Server, alive, eventually, number, status, text};

#[tokio::test]
async fn a_session_knows_server_and_connection() {
    let server = Server::shared();
    let session = server.session("cdc").await;
    assert_eq!(session.info().version, text(&session, "SELECT VERSION()").await);
    assert_eq!(i64::from(session.info().connection_id), number(&session, "SELECT CONNECTION_ID()").await);
}

#[tokio::test]
async fn a_lent_session_waits_a_year_and_speaks_utf8mb4() {
    let server = Server::shared();
    let session = server.session("cdc").await;
    for variable in ["net_write_timeout", "net_read_timeout", "wait_timeout"] {
        assert_eq!(number(&session, &format!("SELECT @@SESSION.{variable}")).await, 31_536_000, "{variable}");
    }
    assert_eq!(text(&session, "SELECT @@character_set_results").await, "utf8mb4");
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_repeated() {
    let server = Server::shared();
    let admin = server.session("admin").await;
    admin.execute("CREATE USER IF NOT EXISTS wrong IDENTIFIED BY 'right'").await.unwrap();
    for tls in [TlsMode::Disabled, TlsMode::Required] {
        // The password of another user.
        let options = ConnectOptions { user: "wrong".to_owned(), tls, ..server.options("cdc") };
        let failure = Session::connect(&server.mysql(), options.clone()).await.unwrap_err();
        assert_eq!((failure.kind, failure.code), (FailureKind::Refused, Some(1045)), "{failure:?}");
        assert_eq!(failure.sql_state.as_deref(), Some("28000"));
        let secret = server.password("cdc").to_owned();
        assert!(!format!("{failure:?}").contains(&secret));
    }
}

#[tokio::test]
async fn every_way_of_logging_in_works() {
    let server = Server::shared();
    let admin = server.session("admin").await;
    let password = server.password("cdc").to_owned();
    admin.execute(&format!("CREATE USER IF NOT EXISTS fresh IDENTIFIED BY '{password}'")).await.unwrap();
    admin.execute("CREATE USER IF NOT EXISTS nobody IDENTIFIED BY ''").await.unwrap();
    // Once with the whole exchange, once from the server's cache; in the clear (RSA), and in TLS.
    for tls in [TlsMode::Disabled, TlsMode::Required] {
        admin.execute("FLUSH PRIVILEGES").await.unwrap();
        for _ in 0..2 {
            let options = ConnectOptions { user: "fresh".to_owned(), tls, ..server.options("cdc") };
            let session = Session::connect(&server.mysql(), options.clone()).await.unwrap();
            assert_eq!(text(&session, "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)").await, "fresh");
        }
    }
    let options = ConnectOptions { user: "nobody".to_owned(), password: None, ..server.options("cdc") };
    Session::connect(&server.mysql(), options.clone()).await.unwrap();
}

#[tokio::test]
async fn tls_modes_demand_what_they_say() {
    let server = Server::shared();
    let connect =
        async |tls| Session::connect(&server.mysql(), ConnectOptions { tls, ..server.options("cdc") }).await;
    for tls in [TlsMode::Preferred, TlsMode::Required] {
        let session = connect(tls).await.unwrap();
        let cipher = status(&session, "SHOW SESSION STATUS LIKE 'Ssl_cipher'").await;
        assert_ne!(cipher, "", "{tls:?}");
    }
    // The server made its certificate itself.
    for tls in [TlsMode::VerifyCa, TlsMode::VerifyIdentity] {
        let failure = connect(tls).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused, "{failure:?}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_granted_is_denied() {
    let server = Server::shared();
    for host in ["denied.example", "::1"] {
        let options = ConnectOptions { host: host.to_owned(), ..server.options("cdc") };
        let failure = Session::connect(&server.mysql(), options).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Denied, "{failure:?}");
    }
}

#[tokio::test]
async fn nobody_there_a_stranger_and_a_mute_are_told_apart() {
    let server = Server::shared();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mute = ConnectOptions { port, timeout_ms: 200, ..server.options("cdc") };
    let failure = Session::connect(&server.mysql(), mute.clone()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut, "{failure:?}");
    drop(listener);
    let failure = Session::connect(&server.mysql(), mute.clone()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable, "{failure:?}");
    assert!(failure.message.contains(&format!("127.0.0.1:{port}")), "{failure:?}");
    let nowhere = ConnectOptions { host: "nowhere.invalid".to_owned(), ..server.options("cdc") };
    let failure = Session::connect(&server.mysql(), nowhere.clone()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable, "{failure:?}");
}

#[tokio::test]
async fn a_secret_that_is_none_is_misuse() {
    let server = Server::shared();
    let options = ConnectOptions { password: Some("other".to_owned()), ..server.options("cdc") };
    assert_eq!(
        Session::connect(&server.mysql(), options.clone()).await.unwrap_err().kind,
        FailureKind::Misuse
    );
}

#[tokio::test]
async fn a_dropped_session_leaves_no_connection() {
    let server = Server::shared();
    let admin = server.session("admin").await;
    let idle = server.session("cdc").await;
    let id = idle.info().connection_id;
    assert!(alive(&admin, id).await);
    drop(idle);
    eventually("the idle connection is gone", async || !alive(&admin, id).await).await;
}

#[tokio::test]
async fn a_killed_session_is_closed_and_stays_so() {
    let server = Server::shared();
    let admin = server.session("admin").await;
    let session = server.session("cdc").await;
    admin.execute(&format!("KILL CONNECTION {}", session.info().connection_id)).await.unwrap();
    eventually("the killed connection is gone", async || !alive(&admin, session.info().connection_id).await)
        .await;
    let failure = session.execute("SELECT 1").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Closed, "{failure:?}");
    let again = session.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!(again.kind, FailureKind::Closed);
}
