package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	gocodegen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

const generator = "pulumi"

// language is what this host is of: its file is called pulumi-language-NAME.
func language() string {
	return strings.TrimPrefix(filepath.Base(os.Args[0]), "pulumi-language-")
}

func answer(engine grpc.ServerStream, message proto.Message, err error) error {
	if err != nil {
		return err
	}
	encoded, err := proto.Marshal(message)
	if err != nil {
		return err
	}
	return engine.SendMsg(&rawMessage{bytes: encoded})
}

// generatePackage writes the SDK of a package in this language.
func generatePackage(encoded []byte) error {
	request := &pulumirpc.GeneratePackageRequest{}
	if err := proto.Unmarshal(encoded, request); err != nil {
		return err
	}
	loader, err := schema.NewLoaderClient(request.LoaderTarget)
	if err != nil {
		return err
	}
	defer loader.Close() //nolint:errcheck // nothing is lost with it
	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(request.Schema), &spec); err != nil {
		return err
	}
	bound, diagnostics, err := schema.BindSpec(
		spec, loader, schema.ValidationOptions{AllowDanglingReferences: true})
	if err != nil {
		return err
	}
	if diagnostics.HasErrors() {
		return diagnostics
	}
	files, err := generate(request, bound, loader)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(request.Directory, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func generate(
	request *pulumirpc.GeneratePackageRequest, bound *schema.Package, loader schema.ReferenceLoader,
) (map[string][]byte, error) {
	switch name := language(); name {
	case "python":
		return python.GeneratePackage(generator, bound, request.ExtraFiles, loader)
	case "nodejs":
		return nodejs.GeneratePackage(
			generator, bound, request.ExtraFiles, request.LocalDependencies, request.Local, loader)
	case "go":
		return gocodegen.GeneratePackage(generator, bound, request.LocalDependencies)
	default:
		return nil, fmt.Errorf("no SDK can be generated for %s", name)
	}
}

// link says where the SDK is; the program's own package manager takes it from there.
func link(encoded []byte) (string, error) {
	request := &pulumirpc.LinkRequest{}
	if err := proto.Unmarshal(encoded, request); err != nil {
		return "", err
	}
	var lines []string
	for _, item := range request.Packages {
		lines = append(lines, fmt.Sprintf("The SDK of %s is in %s; add it with your package manager.",
			item.Package.GetName(), item.Path))
	}
	return strings.Join(lines, "\n"), nil
}
