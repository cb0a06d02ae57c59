// Package mocksei is what a test needs of a running mock-sei: some calls of its control API.
package mocksei

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// Fields are the members of a JSON object, as docs/control.md of mock-sei describes them.
type Fields map[string]any

// Server is a running mock-sei.
type Server struct {
	ControlURL string
	TwoWayURL  string
	roots      *x509.CertPool
}

// Application is an application of one test. Nobody else has its keys, account, certificate and records.
type Application struct {
	Name           string `json:"name"`
	AppKey         string `json:"app_key"`
	AppSecret      string `json:"app_secret"`
	ServiceAccount string `json:"service_account"`
	Password       string `json:"password"`

	server *Server
}

// The control listener is plain HTTP on this machine or in this network: no proxy may be asked.
var control = &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}

// Attach finds the server whose control address is in MOCK_SEI_URL, and waits until it is healthy.
// If the ports of a container are mapped, MOCK_SEI_TWO_WAY_URL is the address of its two-way listener.
func Attach(t testing.TB) *Server {
	t.Helper()
	address := strings.TrimSuffix(os.Getenv("MOCK_SEI_URL"), "/")
	if address == "" {
		t.Fatal("set MOCK_SEI_URL to the control address of a running mock-sei")
	}
	server := &Server{ControlURL: address, roots: x509.NewCertPool()}
	server.waitUntilHealthy(t)

	var connection struct {
		TwoWayURL string `json:"two_way_url"`
	}
	server.must(t, "GET", "/?limit=1", nil, &connection)
	server.TwoWayURL = connection.TwoWayURL
	if mapped := os.Getenv("MOCK_SEI_TWO_WAY_URL"); mapped != "" {
		server.TwoWayURL = strings.TrimSuffix(mapped, "/")
	}
	server.roots.AppendCertsFromPEM(server.must(t, "GET", "/ca.pem", nil, nil))
	return server
}

// NewApplication registers and approves an application, and removes it when the test ends.
func (s *Server) NewApplication(t testing.TB) *Application {
	t.Helper()
	application := &Application{server: s}
	form := Fields{
		"name": "go-" + unique(), "type": "server-server", "actor": "server", "own_data": true,
	}
	s.must(t, "POST", "/applications", form, application)
	t.Cleanup(func() { s.must(t, "DELETE", "/applications/"+application.Name, nil, nil) })
	s.must(t, "POST", "/applications/"+application.Name+"/approve", nil, nil)
	return application
}

// AdvanceClock moves the platform's clock for everybody, and sets it back when the test ends. No other
// test may run meanwhile: a test that calls this does not call t.Parallel.
func (s *Server) AdvanceClock(t testing.TB, by time.Duration) {
	t.Helper()
	t.Cleanup(func() { s.must(t, "DELETE", "/clock", nil, nil) })
	s.must(t, "POST", "/clock/advance", Fields{"seconds": by.Seconds()}, nil)
}

// HTTPClient returns a client with the application's certificate.
func (a *Application) HTTPClient(t testing.TB) *http.Client {
	t.Helper()
	return a.client(t, "GET", "/service-accounts/"+a.ServiceAccount+"/identity", nil)
}

// HTTPClientWith returns a client with a certificate that is wrong in one way, such as "expired".
func (a *Application) HTTPClientWith(t testing.TB, variant string) *http.Client {
	t.Helper()
	path := "/service-accounts/" + a.ServiceAccount + "/certificates"
	return a.client(t, "POST", path, Fields{"variant": variant})
}

// AddRecord adds a record to those that this application sees, and no other one.
func (a *Application) AddRecord(t testing.TB, collection string, record Fields) {
	t.Helper()
	a.server.must(t, "POST", "/data/"+collection+"?application="+a.Name, record, nil)
}

// AddFault makes something go wrong at calls of this application, and of no other one.
func (a *Application) AddFault(t testing.TB, fields Fields) {
	t.Helper()
	a.server.must(t, "POST", "/faults", a.only(fields), nil)
}

// Verify fails the test unless the journal has the calls of this application that are described.
func (a *Application) Verify(t testing.TB, wanted Fields) {
	t.Helper()
	if _, err := a.server.call("POST", "/journal/verify", a.only(wanted), nil); err != nil {
		t.Error(err)
	}
}

func (a *Application) only(fields Fields) Fields {
	own := Fields{"application": a.Name}
	for name, value := range fields {
		own[name] = value
	}
	return own
}

func (a *Application) client(t testing.TB, method, path string, fields Fields) *http.Client {
	t.Helper()
	var identity struct {
		Certificate string `json:"certificate"`
		Chain       string `json:"chain"`
		PrivateKey  string `json:"private_key"`
	}
	a.server.must(t, method, path, fields, &identity)
	chain := []byte(identity.Certificate + identity.Chain)
	pair, err := tls.X509KeyPair(chain, []byte(identity.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs:      a.server.roots,
			Certificates: []tls.Certificate{pair},
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func (s *Server) waitUntilHealthy(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		_, err := s.call("GET", "/health", nil, nil)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("mock-sei is not healthy: %v", err)
		}
	}
}

func (s *Server) must(t testing.TB, method, path string, fields Fields, answer any) []byte {
	t.Helper()
	body, err := s.call(method, path, fields, answer)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (s *Server) call(method, path string, fields Fields, answer any) ([]byte, error) {
	var sent io.Reader
	if fields != nil {
		text, err := json.Marshal(fields)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, s.ControlURL+path, sent)
	if err != nil {
		return nil, err
	}
	response, err := control.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		var problem struct{ Detail string }
		if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
			problem.Detail = response.Status
		}
		return nil, fmt.Errorf("%s %s: %s", method, path, problem.Detail)
	}
	if answer == nil {
		return body, nil
	}
	return body, json.Unmarshal(body, answer)
}

func unique() string {
	random := make([]byte, 6)
	if _, err := rand.Read(random); err != nil {
		panic(err)
	}
	return hex.EncodeToString(random)
}
