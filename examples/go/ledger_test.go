package ledger_test

import (
	"strings"
	"testing"
	"time"

	"example.com/ledger"
	"example.com/ledger/mocksei"
)

func newClient(t *testing.T, application *mocksei.Application, server *mocksei.Server) *ledger.Client {
	t.Helper()
	return &ledger.Client{
		BaseURL: server.TwoWayURL,
		Credentials: ledger.Credentials{
			AppKey:    application.AppKey,
			AppSecret: application.AppSecret,
			Username:  application.ServiceAccount,
			Password:  application.Password,
		},
		HTTP: application.HTTPClient(t),
	}
}

const seeded = 130 // investors of an application whose test has added none

func mustRead(t *testing.T, client *ledger.Client, expected int) {
	t.Helper()
	names, err := client.Investors()
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != expected {
		t.Errorf("%d investors, expected %d", len(names), expected)
	}
}

func TestEveryPageIsRead(t *testing.T) {
	t.Parallel()
	server := mocksei.Attach(t)
	application := server.NewApplication(t)
	application.AddRecord(t, "investors", mocksei.Fields{"externalId": "INV-NEW", "name": "Example Investor"})

	mustRead(t, newClient(t, application, server), seeded+1)

	application.Verify(t, mocksei.Fields{"operation": "POST /v2/oauthtoken", "times": 1})
	application.Verify(t, mocksei.Fields{"operation": "GET /v2/investors", "status": 200, "times": 3})
}

func TestASecondPageThatIsUnavailableIsReadAgain(t *testing.T) {
	t.Parallel()
	server := mocksei.Attach(t)
	application, other := server.NewApplication(t), server.NewApplication(t)
	hasCursor := mocksei.Fields{"cursor": mocksei.Fields{"matches": "."}} // the first page has none
	application.AddFault(t, mocksei.Fields{
		"operation":   "GET /v2/investors",
		"query":       hasCursor,
		"status":      503,
		"retry_after": 0,
		"times":       1,
	})

	mustRead(t, newClient(t, application, server), seeded)
	mustRead(t, newClient(t, other, server), seeded)

	application.Verify(t, mocksei.Fields{
		"operation": "GET /v2/investors", "query": hasCursor, "status": 503, "times": 1,
	})
	application.Verify(t, mocksei.Fields{"operation": "GET /v2/investors", "status": 200, "times": 3})
	other.Verify(t, mocksei.Fields{"operation": "GET /v2/investors", "status": 503, "times": 0})
}

// Not parallel: the clock is everybody's. Go runs such tests before the parallel ones.
func TestATokenThatExpiredIsRenewed(t *testing.T) {
	server := mocksei.Attach(t)
	application := server.NewApplication(t)
	client := newClient(t, application, server)
	mustRead(t, client, seeded)

	server.AdvanceClock(t, 31*time.Minute) // an access token may be idle for 30 minutes

	mustRead(t, client, seeded)
	application.Verify(t, mocksei.Fields{"operation": "GET /v2/investors", "status": 401, "times": 1})
	application.Verify(t, mocksei.Fields{"operation": "POST /v2/oauthtoken", "times": 2})
}

func TestAnExpiredCertificateIsRefused(t *testing.T) {
	t.Parallel()
	server := mocksei.Attach(t)
	application := server.NewApplication(t)
	client := newClient(t, application, server)
	client.HTTP = application.HTTPClientWith(t, "expired")

	_, err := client.Investors()

	if err == nil || !strings.Contains(err.Error(), "expired certificate") {
		t.Errorf("not refused as expired: %v", err)
	}
	application.Verify(t, mocksei.Fields{"kind": "handshake", "times": 1})
}
