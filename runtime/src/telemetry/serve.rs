//! The HTTP listener for `GET /metrics` and `GET /health`.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::connections::{Connection, Connections};
use super::health::{Component, HealthState};
use super::routes::Routes;

/// The number of consecutive ports to try, beginning with the configured one.
const PORTS: u16 = 10;

/// The interval between attempts to bind a port.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The interval between attempts to accept a connection if that fails, as it does without a file handle to spare.
const ACCEPT_INTERVAL: Duration = Duration::from_millis(100);

/// The time in which a client must send its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// The time in which a client must have read the response.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);

/// The bytes that one connection buffers: a request must fit, and larger responses are written in parts.
const BUFFER_BYTES: usize = 64 * 1024;

/// Binds the address or the next free port, and reports a different port or the lack of one.
pub(super) fn bind(configured: SocketAddr, state: &HealthState) -> Option<TcpListener> {
    let ports = (0..PORTS).filter_map(|step| configured.port().checked_add(step));
    let addresses = ports.map(|port| SocketAddr::new(configured.ip(), port));
    let mut first_error = None;
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(listener) => return Some(bound(listener, configured, state)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let reason = first_error.map_or_else(String::new, |error| format!(" ({error})"));
    let message = format!(
        "metrics are not served: cannot bind {configured}{reason} or one of the next ports; trying again"
    );
    state.report(Component::Listener, message);
    None
}

fn bound(listener: TcpListener, configured: SocketAddr, state: &HealthState) -> TcpListener {
    let address = listener.local_addr().ok();
    state.set_serving(address);
    let other = address.filter(|address| configured.port() != 0 && *address != configured);
    if let Some(other) = other {
        let message = format!("metrics are on {other}, as {configured} is taken");
        state.report(Component::Listener, message);
    }
    listener
}

/// Retries until a port can be bound.
async fn bind_with_retries(configured: SocketAddr, state: &HealthState) -> TcpListener {
    loop {
        tokio::time::sleep(RETRY_INTERVAL).await;
        if let Some(listener) = bind(configured, state) {
            return listener;
        }
    }
}

/// Answers requests until the runtime shuts down.
pub(super) async fn run(
    listener: Option<TcpListener>,
    configured: Option<SocketAddr>,
    state: Arc<HealthState>,
) {
    let listener = match (listener, configured) {
        (Some(listener), _) => listener,
        (None, Some(configured)) => bind_with_retries(configured, &state).await,
        (None, None) => return,
    };
    let Some(listener) = into_async(listener) else {
        state.set_address(None);
        return state.report(
            Component::Listener,
            "metrics are not served: the listener cannot be used",
        );
    };
    let is_loopback = listener.local_addr().is_ok_and(is_loopback);
    let renderings = Routes::renderings(&state);
    accept(&listener, Routes::new(state, renderings, is_loopback)).await;
}

/// Returns whether only this machine reaches the address.
fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Always accepts, so that no number of silent clients keeps others waiting.
async fn accept(listener: &tokio::net::TcpListener, routes: Routes) {
    let routes = Arc::new(routes);
    let mut connections = Connections::default();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_INTERVAL).await;
            continue;
        };
        tokio::spawn(serve(stream, connections.add(), Arc::clone(&routes)));
        // A connection that was cut off ends before the next one is accepted.
        tokio::task::yield_now().await;
    }
}

/// Answers the one request of a connection.
async fn serve(stream: TcpStream, connection: Arc<Connection>, routes: Arc<Routes>) {
    let (routes, connection) = (&routes, &connection);
    let service = service_fn(async |request: Request<Incoming>| {
        connection.set_request();
        Ok::<_, Infallible>(routes.answer(&request, connection).await)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        // A client may end its side once the request is sent, as `nc -N` does.
        .half_close(true)
        .keep_alive(false);
    let serving = http.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A client that disconnects is not an error.
        _served = tokio::time::timeout(CONNECTION_TIMEOUT, serving) => {}
        () = connection.until_cut() => {}
    }
}

fn into_async(listener: TcpListener) -> Option<tokio::net::TcpListener> {
    listener.set_nonblocking(true).ok()?;
    tokio::net::TcpListener::from_std(listener).ok()
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::task::JoinHandle;

    use super::super::renderings::Renderings;
    use super::*;
    use crate::metrics::Registry;
    use crate::pipeline::Pipeline;
    use crate::record::{Level, Service};

    const HEALTH: &str = "GET /health HTTP/1.0\r\n\r\n";
    const METRICS: &str = "GET /metrics HTTP/1.0\r\n\r\n";

    fn state() -> Arc<HealthState> {
        let service = Service::default();
        let pipeline = Pipeline::new(service, Level::Info, Registry::new(), 4);
        HealthState::new(Arc::new(pipeline))
    }

    fn free_port(address: impl Into<IpAddr>) -> TcpListener {
        TcpListener::bind((address.into(), 0)).unwrap()
    }

    /// Starts a listener, and returns its port on the loopback address.
    fn start(listener: TcpListener) -> SocketAddr {
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(run(Some(listener), None, state()));
        (Ipv4Addr::LOCALHOST, port).into()
    }

    async fn send(address: SocketAddr, request: &str) -> TcpStream {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    async fn read(mut client: TcpStream) -> String {
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        response
    }

    #[tokio::test]
    async fn a_hundred_silent_clients_keep_no_other_from_its_answers() {
        let address = start(free_port(Ipv4Addr::LOCALHOST));
        let mut silent = Vec::new();
        for at in 0..100 {
            let partial = if at % 2 == 0 {
                ""
            } else {
                "GET /metrics HTTP/1.1\r\nx: "
            };
            silent.push(send(address, partial).await);
        }
        for (request, content) in [(HEALTH, r#""status":"ok""#), (METRICS, "_emitted_total 0")] {
            let response = read(send(address, request).await).await;
            assert!(response.starts_with("HTTP/1.0 200 OK"), "{response}");
            assert!(response.contains(content), "{response}");
        }
    }

    #[tokio::test]
    async fn a_loopback_listener_answers_local_hosts_only_and_another_one_all() {
        let (loopback, any) = (Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED);
        for (bound, host, status) in [
            (loopback, "Host: localhost:9464\r\n", "200 OK"),
            (loopback, "Host: 127.0.0.1\r\n", "200 OK"),
            (loopback, "", "200 OK"),
            (
                loopback,
                "Host: evil.example\r\n",
                "421 Misdirected Request",
            ),
            (any, "Host: evil.example\r\n", "200 OK"),
        ] {
            let address = start(free_port(bound));
            for path in ["/health", "/metrics"] {
                let request = format!("GET {path} HTTP/1.1\r\n{host}\r\n");
                let response = read(send(address, &request).await).await;
                let expected = format!("HTTP/1.1 {status}\r\n");
                assert!(
                    response.starts_with(&expected),
                    "{bound} {host}: {response}"
                );
                let (_, body) = response.split_once("\r\n\r\n").unwrap();
                assert!(status == "200 OK" || body.lines().count() == 1, "{body}");
            }
        }
    }

    #[test]
    fn loopback_addresses_are_found_in_both_families() {
        for (address, is_expected) in [
            ("127.0.0.1:1", true),
            ("127.9.9.9:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("10.0.0.1:1", false),
        ] {
            assert_eq!(
                is_loopback(address.parse().unwrap()),
                is_expected,
                "{address}"
            );
        }
    }

    /// Starts a listener whose metrics are rendered by this function.
    fn start_with(render: impl Fn() -> String + Send + Sync + 'static) -> SocketAddr {
        let listener = into_async(free_port(Ipv4Addr::LOCALHOST)).unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Routes::new(state(), Renderings::new(move |_| render()), true);
        tokio::spawn(async move { accept(&listener, routes).await });
        address
    }

    #[tokio::test]
    async fn the_health_is_answered_while_metrics_are_being_rendered() {
        let (begin, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        let finished = Mutex::new(finished);
        let address = start_with(move || {
            begin.send(()).unwrap();
            finished.lock().unwrap().recv().unwrap();
            "rendered".to_owned()
        });
        let scrape = send(address, METRICS).await;
        begun.recv().await.unwrap();
        let health = read(send(address, HEALTH).await).await;
        assert!(health.starts_with("HTTP/1.0 200 OK"), "{health}");
        finish.send(()).unwrap();
        let metrics = read(scrape).await;
        assert!(metrics.ends_with("\r\n\r\nrendered"), "{metrics}");
    }

    #[tokio::test]
    async fn a_client_that_ends_its_side_gets_its_answer() {
        let address = start(free_port(Ipv4Addr::LOCALHOST));
        let mut client = send(address, METRICS).await;
        client.shutdown().await.unwrap();
        let response = read(client).await;
        assert!(response.contains("_emitted_total 0"), "{response}");
    }

    /// Serves one connection with metrics of this many bytes; returns the client's end and the task.
    async fn serve_one(
        request: &str,
        bytes: usize,
    ) -> (TcpStream, Arc<Connection>, JoinHandle<()>) {
        let listener = into_async(free_port(Ipv4Addr::LOCALHOST)).unwrap();
        let client = send(listener.local_addr().unwrap(), request).await;
        let (stream, _) = listener.accept().await.unwrap();
        let render = move |_| "x".repeat(bytes);
        let routes = Arc::new(Routes::new(state(), Renderings::new(render), true));
        let connection = Arc::default();
        let task = tokio::spawn(serve(stream, Arc::clone(&connection), routes));
        (client, connection, task)
    }

    #[tokio::test]
    async fn a_client_that_sends_no_whole_request_in_time_is_disconnected() {
        for partial in ["", "GET /health HTTP/1.1\r\nx: "] {
            let (client, _, task) = serve_one(partial, 0).await;
            // Time now runs as fast as all tasks wait.
            tokio::time::pause();
            task.await.unwrap();
            tokio::time::resume();
            drop(client);
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_its_answer_in_time_is_disconnected() {
        let (mut client, _, task) = serve_one(METRICS, 64 << 20).await;
        client.read_u8().await.unwrap();
        tokio::time::pause();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_is_cut_off_ends() {
        let (mut client, connection, task) = serve_one(METRICS, 64 << 20).await;
        client.read_u8().await.unwrap();
        connection.cut();
        task.await.unwrap();
    }
}
