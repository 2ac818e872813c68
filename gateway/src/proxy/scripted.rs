//! Back-ends that follow a script, for the tests of the proxy.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a scripted back-end does with each connection.
#[derive(Clone, Copy)]
pub(super) enum Script {
    /// Writes this after each request head, keeps the connection.
    Say(&'static [u8]),
    /// Writes this after the first request head, waits, closes.
    SayAndClose(&'static [u8]),
    /// Answers the first request of a connection; closes it when a second one comes.
    AnswerOnce(&'static [u8]),
    /// Says nothing at all.
    Silence,
}

/// Opens a back-end that follows a script.
pub(super) async fn scripted(script: Script) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(play(script, tcp));
        }
    });
    address
}

async fn play(script: Script, mut tcp: TcpStream) {
    let mut buffer = [0_u8; 8192];
    let mut answered = false;
    while let Ok(1..) = tcp.read(&mut buffer).await {
        match script {
            Script::Say(bytes) => tcp.write_all(bytes).await.unwrap(),
            Script::SayAndClose(bytes) => {
                tcp.write_all(bytes).await.unwrap();
                tokio::time::sleep(Duration::from_millis(30)).await;
                return;
            }
            Script::AnswerOnce(_) if answered => return,
            Script::AnswerOnce(bytes) => tcp.write_all(bytes).await.unwrap(),
            Script::Silence => {}
        }
        answered = true;
    }
}
