// One flow of golang.org/x/oauth2. Standard input says which, as JSON; what came of it, or the
// library's error, goes out as JSON: the same two forms as those of ../javascript/walk.js. The CA
// comes by SSL_CERT_FILE.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type plan struct {
	Authorize, Token, Functional, Key, Secret, Redirect, Grant string
	Certificate                                                *struct{ Cert, Key string }
	Form, User                                                 map[string]string
	Cured                                                      bool
}

// The cure of docs/clients.md
type bearer struct{ source oauth2.TokenSource }

func (tokens bearer) Token() (*oauth2.Token, error) {
	token, err := tokens.source.Token()
	if err != nil {
		return nil, err
	}
	mended := *token
	mended.TokenType = "Bearer"
	return &mended, nil
}

func (p plan) client() (*http.Client, error) {
	settings := &tls.Config{}
	if p.Certificate != nil {
		identity, err := tls.LoadX509KeyPair(p.Certificate.Cert, p.Certificate.Key)
		if err != nil {
			return nil, err
		}
		settings.Certificates = []tls.Certificate{identity}
	}
	return &http.Client{
		Transport: &http.Transport{TLSClientConfig: settings},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}, nil
}

func (p plan) endpoint() oauth2.Endpoint {
	style := oauth2.AuthStyleInHeader
	if p.Secret == "" {
		style = oauth2.AuthStyleInParams
	}
	return oauth2.Endpoint{AuthURL: p.Authorize, TokenURL: p.Token, AuthStyle: style}
}

func (p plan) config() *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.Key, ClientSecret: p.Secret, RedirectURL: p.Redirect, Endpoint: p.endpoint(),
	}
}

// redeem asks for a code, as the user who logs in and allows, and exchanges it.
func (p plan) redeem(ctx context.Context, client *http.Client) (*oauth2.Token, error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	verifier := base64.RawURLEncoding.EncodeToString(random)
	digest := sha256.Sum256([]byte(verifier))
	address := p.config().AuthCodeURL("of-this-client",
		oauth2.SetAuthURLParam("code_challenge", base64.RawURLEncoding.EncodeToString(digest[:])),
		oauth2.SetAuthURLParam("code_challenge_method", "S256"))

	form := url.Values{"decision": {"allow"}}
	for name, value := range p.User {
		form.Set(name, value)
	}
	answer, err := client.PostForm(address, form)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	redirect, err := url.Parse(answer.Header.Get("Location"))
	if err != nil {
		return nil, err
	}
	return p.config().Exchange(ctx, redirect.Query().Get("code"),
		oauth2.SetAuthURLParam("code_verifier", verifier))
}

func (p plan) first(ctx context.Context, client *http.Client) (*oauth2.Token, error) {
	switch p.Grant {
	case "client_credentials":
		form := url.Values{}
		for name, value := range p.Form {
			form.Set(name, value)
		}
		config := clientcredentials.Config{
			ClientID: p.Key, ClientSecret: p.Secret, TokenURL: p.Token,
			EndpointParams: form, AuthStyle: oauth2.AuthStyleInHeader,
		}
		return config.Token(ctx)
	case "password":
		return p.config().PasswordCredentialsToken(ctx, p.Form["username"], p.Form["password"])
	default:
		return p.redeem(ctx, client)
	}
}

func (p plan) call(ctx context.Context, source oauth2.TokenSource) (int, error) {
	if p.Cured {
		source = bearer{source}
	}
	request, err := http.NewRequest("GET", p.Functional, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("AppKey", p.Key)
	answer, err := oauth2.NewClient(ctx, source).Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	return answer.StatusCode, nil
}

func (p plan) walk() (map[string]any, error) {
	client, err := p.client()
	if err != nil {
		return nil, err
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, client)
	token, err := p.first(ctx, client)
	if err != nil {
		return nil, err
	}
	status, err := p.call(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, err
	}
	fields := map[string]string{"token_type": token.TokenType}
	outcome := map[string]any{"token": fields, "call": status}
	if token.RefreshToken == "" {
		return outcome, nil
	}
	fields["refresh_token"] = token.RefreshToken
	refreshing := p.config().TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken})
	second, err := refreshing.Token()
	if err != nil {
		return nil, err
	}
	outcome["refreshed"] = second.AccessToken != token.AccessToken
	outcome["callAfterRefresh"], err = p.call(ctx, refreshing)
	return outcome, err
}

func main() {
	var p plan
	if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
		log.Fatal(err)
	}
	outcome, err := p.walk()
	if err != nil {
		failure := map[string]any{"name": fmt.Sprintf("%T", err), "message": err.Error()}
		outcome = map[string]any{"error": failure}
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcome); err != nil {
		log.Fatal(err)
	}
}
