//! Connections that end, and some that only fall silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::harness::{Host, Options, World, compare};

/// Stands between a pipeline and its server.
struct Link {
    port: u16,
    /// Connections made before the last of these are cut, or say nothing any more.
    cut: watch::Sender<u64>,
    silenced: watch::Sender<u64>,
    made: Arc<AtomicU64>,
}

impl Link {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let ((cut, cuts), (silenced, silences)) = (watch::channel(0), watch::channel(0));
        let made = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&made);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let (mut cuts, silences) = (cuts.clone(), silences.clone());
                tokio::spawn(async move {
                    let (client, server) = (client.into_split(), server.into_split());
                    let there = pass(client.0, server.1, number, silences.clone());
                    let back = pass(server.0, client.1, number, silences);
                    tokio::select! {
                        () = there => {}
                        () = back => {}
                        () = reached(&mut cuts, number) => {}
                    }
                });
            }
        });
        Self { port: own, cut, silenced, made }
    }

    fn cut(&self) {
        self.cut.send_replace(self.made.load(Ordering::SeqCst));
    }

    fn silence(&self) {
        self.silenced.send_replace(self.made.load(Ordering::SeqCst));
    }
}

async fn reached(watched: &mut watch::Receiver<u64>, number: u64) {
    // The test that is gone has no more wishes.
    let _ = watched.wait_for(|upto| *upto >= number).await;
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    number: u64,
    mut silences: watch::Receiver<u64>,
) {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            // It stays open and says nothing.
            () = reached(&mut silences, number) => std::future::pending().await,
        };
        match read {
            Ok(count @ 1..) if to.write_all(&bytes[..count]).await.is_ok() => {}
            _ => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_cut_or_falls_silent_is_made_again_and_nothing_is_lost() {
    let mut world = World::start().await;
    world
        .mysql
        .sql("CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY, version INT); INSERT INTO shop.a VALUES (1, 1)")
        .await;
    let link = Link::to(world.mysql.port).await;
    let straight = std::mem::replace(&mut world.mysql.port, link.port);
    let mut options = Options::shop();
    options.source.push(("heartbeat.interval".into(), "3s".into()));
    let pipeline = world.pipeline(&options);
    world.mysql.port = straight;

    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    host.says("snapshot is read").await;
    link.cut();
    host.says("retry_in_ms").await;
    host.says("reading the binlog").await;
    world.mysql.sql("INSERT INTO shop.a VALUES (2, 1)").await;
    link.silence();
    world.mysql.sql("INSERT INTO shop.a VALUES (3, 1); UPDATE shop.a SET version = 2 WHERE id = 1").await;
    host.says("the binlog connection is silent; connecting again").await;
    host.says("reading the binlog").await;
    host.terminate();
    host.succeeds().await;
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    let (equal, said) = compare(&world, &["shop.a=a:keyed"], None).await;
    assert!(equal, "{said}");
}
