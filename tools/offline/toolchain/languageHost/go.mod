module town-ator/tools/offline/toolchain/languageHost

go 1.25.6

require github.com/pulumi/pulumi/sdk/v3 v3.68.0

tool github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs
